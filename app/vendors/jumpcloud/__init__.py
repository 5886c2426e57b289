"""JumpCloud: the REST v1 target and its simulator."""
