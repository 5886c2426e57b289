"""Every line of the contract (scim.md §1, §2, §4) has a test named after it: the table of both."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[2]

#: Line of the contract → the tests that are named after it: file and what follows ``test_`` in the name.
CONTRACT: dict[str, tuple[str, ...]] = {
    "§1 derived User.groups": (
        "web/scim/test_groups.py::the_groups_of_a_user_are_derived_direct_and_indirect",
        "web/scim/test_groups.py::a_circle_of_groups_does_not_loop",
        "web/scim/test_groups.py::groups_of_a_user_are_read_only",
    ),
    "§1 memberships": (
        "web/scim/test_groups.py::members_carry_ref_type_and_display",
        "web/scim/test_groups.py::a_deleted_user_leaves_every_group_and_the_groups_change",
        "web/scim/test_groups.py::adding_twice_is_one_member_and_changes_nothing",
        "web/scim/test_groups.py::removing_an_absent_member_succeeds_and_changes_nothing",
    ),
    "§1 Entra dialect": (
        "web/scim/test_dialects.py::entra_writes_verbs_in_any_case",
        "web/scim/test_dialects.py::entra_removes_with_the_verb_in_any_case",
        "web/scim/test_dialects.py::entra_false_as_a_string_deactivates",
        "web/scim/test_dialects.py::entra_dotted_and_urn_keys_in_a_path_less_value_are_paths",
        "web/scim/test_dialects.py::entra_a_work_e_mail_that_matches_nothing_is_created",
        "web/scim/test_dialects.py::entra_removing_members_with_a_value_list_removes_only_those",
        "web/scim/test_dialects.py::entra_a_manager_may_be_a_bare_string",
        "web/scim/test_dialects.py::entra_an_empty_manager_removes_it",
        "web/scim/test_dialects.py::entra_extra_query_parameters_are_ignored",
        "web/scim/test_dialects.py::entra_a_post_without_schemas_is_accepted",
        "web/scim/test_dialects.py::entra_a_keep_alive_look_up_of_an_unknown_user_is_an_empty_list",
    ),
    "§1 Okta dialect": (
        "web/scim/test_dialects.py::okta_a_path_less_active_false_deactivates",
        "web/scim/test_dialects.py::okta_a_path_less_id_and_display_name_rename_a_group",
        "web/scim/test_dialects.py::okta_a_put_of_the_whole_object_as_it_was_read_changes_nothing_else",
    ),
    "§1 every client's whole life": ("web/scim/test_dialects.py::a_client_lives_its_whole_life",),
    "§1 bulk": (
        "web/scim/test_bulk.py::bulk_ids_are_resolved_forward_in_circles_and_in_paths",
        "web/scim/test_bulk.py::a_bulk_operation_heeds_its_version",
        "web/scim/test_bulk.py::a_bulk_request_stops_after_fail_on_errors",
        "web/scim/test_limits.py::a_bulk_request_may_have_100_operations_in_one_mebibyte",
        "web/scim/test_limits.py::a_body_that_is_too_large_is_refused_before_it_is_parsed",
    ),
    "§1 secrets": (
        "web/scim/test_searches.py::what_is_never_returned_is_not_read_projected_sorted_by_or_probed",
        "web/scim/test_users.py::what_is_never_returned_cannot_be_probed",
    ),
    "§1 large groups": (
        "web/scim/test_groups.py::one_member_of_a_large_group_is_changed_without_loading_the_others",
        "web/scim/test_groups.py::excluded_members_are_never_touched",
    ),
    "§1 both pagings": (
        "web/scim/test_users.py::pages_cover_everyone_once",
        "web/scim/test_searches.py::pages_by_cursor_show_who_stays_exactly_once_while_others_come_and_go",
        "web/scim/test_searches.py::a_cursor_is_sealed_and_bound_to_its_query_and_its_client",
    ),
    "§1 ids": (
        "web/scim/test_users.py::a_client_chosen_id_selects_nothing",
        "web/scim/test_changes.py::an_id_or_a_numeric_external_id_of_the_client_never_becomes_an_id",
    ),
    "§2 PATCH answers 200, or 204 when asked": (
        "web/scim/test_users.py::patch_answers_with_the_resource_and_204_when_asked_for_little",
        "web/scim/test_groups.py::group_patch_honours_excluded_attributes_and_prefer",
    ),
    "§2 discovery": (
        "web/scim/test_discovery.py::discovery_lists_cannot_be_filtered_but_the_configuration_ignores_it",
        "web/scim/test_discovery.py::discovery_writes_are_405_with_allow",
        "web/scim/test_discovery.py::the_configuration_needs_no_credentials_and_the_lists_do",
    ),
    "§2 content types": (
        "web/scim/test_application.py::answers_are_exactly_scim_json_whatever_is_accepted",
        "web/scim/test_application.py::json_of_both_names_is_taken_and_nothing_else",
    ),
    "§2 errors": (
        "web/scim/test_application.py::a_401_carries_www_authenticate_and_a_scim_error",
        "web/scim/test_application.py::every_error_is_a_scim_error_with_its_status_as_a_string",
        "web/scim/test_application.py::a_defect_is_a_500_and_a_database_away_is_a_503_as_scim_errors",
        "web/scim/test_limits.py::a_token_beyond_its_rate_gets_429_with_retry_after",
        "web/scim/test_application.py::no_more_than_200_characters_of_the_input_are_echoed",
    ),
    "§2 identical values and primaries": (
        "web/scim/test_changes.py::an_identical_type_and_value_is_stored_once",
        "web/scim/test_changes.py::a_new_primary_demotes_the_old_one_and_two_in_one_body_are_refused",
    ),
    "§2 a change that changes nothing": (
        "web/scim/test_users.py::a_change_that_changes_nothing_keeps_version_and_last_modified",
    ),
    "§2 unassigning": ("web/scim/test_changes.py::nothing_unassigns_whatever_its_form",),
    "§2 case": (
        "web/scim/test_searches.py::names_operators_and_urns_are_read_in_any_case",
        "web/scim/test_searches.py::values_follow_case_exact",
        "web/scim/test_changes.py::user_names_are_compared_composed_and_lower_and_never_folded",
    ),
    "§2 userName": (
        "web/scim/test_users.py::an_equal_user_name_is_refused_in_any_case",
        "web/scim/test_users.py::fifty_equal_posts_at_once_make_one_user",
    ),
    "§2 unknown attributes": (
        "web/scim/test_changes.py::what_is_unknown_is_dropped_and_listed_in_the_clients_log",
        "web/scim/test_changes.py::a_strict_client_is_refused_what_is_unknown",
        "web/scim/test_changes.py::an_unknown_sub_attribute_of_a_patch_is_logged_and_refused_to_the_strict",
        "web/scim/test_changes.py::an_unknown_patch_path_is_refused_whoever_asks",
    ),
    "§2 password": (
        "web/scim/test_changes.py::a_password_is_accepted_and_discarded",
        "security/test_canaries.py::no_secret_is_found_outside_its_sealed_column",
    ),
    "§2 externalId and sources": (
        "web/scim/test_users.py::external_ids_belong_to_the_client_that_wrote_them",
        "web/scim/test_groups.py::external_ids_of_groups_belong_to_their_client",
        "web/scim/test_changes.py::sources_are_shown_as_a_read_only_list",
    ),
    "§2 PUT": (
        "web/scim/test_users.py::put_replaces_what_the_client_could_know",
        "web/scim/test_users.py::put_never_clears_by_omission_what_is_never_shown",
        "web/scim/test_changes.py::put_leaves_a_sources_value_unless_it_says_null",
    ),
    "§2 sensitive attributes and scopes": (
        "web/scim/test_users.py::sensitive_values_need_their_scope",
        "web/scim/test_searches.py::sorting_by_a_sensitive_attribute_needs_its_scope",
        "access/test_tokens.py::write_includes_read_and_nothing_includes_sensitive",
    ),
    "§2 /Me": ("web/scim/test_me.py::me_is_501_unless_the_token_is_bound_to_an_employee",),
    "§2 addresses in answers": (
        "web/scim/test_application.py::every_url_in_answers_comes_from_the_public_url",
        "web/scim/test_users.py::a_strange_host_header_is_not_believed",
    ),
    "§2 e-mail values": ("web/scim/test_changes.py::e_mail_values_of_any_domain_are_kept_as_written",),
    "§2 DELETE": ("web/scim/test_users.py::a_deleted_user_is_gone_and_the_name_is_free",),
    "§2 manager": ("web/scim/test_users.py::a_manager_is_named_by_value_and_the_server_adds_the_reference",),
    "§4 body": (
        "web/scim/test_limits.py::a_body_of_one_mebibyte_is_read_and_one_byte_more_is_not",
        "web/scim/test_limits.py::a_body_that_is_too_large_is_refused_before_it_is_parsed",
    ),
    "§4 JSON depth": ("web/scim/test_limits.py::json_may_be_32_levels_deep_and_no_deeper",),
    "§4 filter": (
        "web/scim/test_limits.py::a_filter_may_have_4096_characters_and_no_more",
        "web/scim/test_limits.py::a_filter_may_have_50_comparisons_and_no_more",
    ),
    "§4 PATCH": ("web/scim/test_limits.py::a_patch_may_have_100_operations_and_no_more",),
    "§4 values and members": (
        "web/scim/test_limits.py::an_attribute_may_have_2000_values_and_no_more",
        "web/scim/test_limits.py::a_request_may_name_20000_members_and_no_more_in_up_to_4_mebibytes",
    ),
    "§4 bulk": ("web/scim/test_limits.py::a_bulk_request_may_have_100_operations_in_one_mebibyte",),
    "§4 count": ("web/scim/test_limits.py::a_page_has_100_resources_unless_asked_and_at_most_1000",),
    "§4 advertised": ("web/scim/test_limits.py::limits_are_advertised_where_there_is_a_place",),
    "§4 rate": (
        "web/scim/test_limits.py::a_token_beyond_its_rate_gets_429_with_retry_after",
        "web/scim/test_limits.py::a_rate_of_0_is_no_limit",
        "web/scim/test_limits.py::the_default_rate_is_200_a_second_after_a_burst_of_2000",
    ),
    "§4 hostile input": (
        "web/scim/test_limits.py::hostile_json_is_a_400_and_never_a_500",
        "web/scim/test_limits.py::hostile_addresses_are_refused_and_never_a_500",
    ),
}


@cache
def _named_in(file: str) -> frozenset[str]:
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    return frozenset(each.name for each in ast.walk(tree) if isinstance(each, ast.FunctionDef))


@pytest.mark.parametrize("line", CONTRACT)
def test_a_line_of_the_contract_has_tests_that_exist(line: str) -> None:
    assert CONTRACT[line]
    missing = [
        each for each in CONTRACT[line] if f"test_{each.split('::')[1]}" not in _named_in(each.split("::")[0])
    ]
    assert missing == []
