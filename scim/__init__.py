"""SCIM 2.0 as a library: documents in, documents out; it knows neither HTTP nor SQL.

The rooms, each built on those before it::

    errors, keys                 what may go wrong; how values compare
    attributes, schema           scim2-models classes and JSON schema documents → attribute tables
    resources                    User with the Enterprise and HR extensions, Group
    parse, shaping, validation   JSON → canonical names → checked values
    codec                        request body ↔ canonical document
    projection                   what one request may see
    filters, paths, patch        the languages of RFC 7644 §3.4.2.2 and §3.5.2
    conditions, paging           entity tags, windows on lists
    discovery                    the documents that say what is offered
    client                       the other side: a SCIM client
"""
