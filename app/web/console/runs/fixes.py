"""What to do about each code of an error file, in HR words; docs/error-codes.md has the same codes for reference."""

from __future__ import annotations

from dataclasses import dataclass

#: Where something is mended: at the vendor (or in the file), or in one of the console's rooms.
SOURCE, MAPPING, LOOK_ALIKES, PERSON, CREDENTIALS, SETTINGS, WELCOME, OPERATOR, NOTHING = (
    *("source", "mapping", "look-alikes", "person", "credentials", "settings", "welcome", "operator"),
    "nothing",
)


@dataclass(frozen=True, slots=True)
class Fix:
    """A code in words: what is wrong, what to do, and where. ``says`` stands in the place of the row's own reason."""

    title: str
    way_out: str
    where: str = SOURCE
    says: str | None = None


FIXES = {
    "missing_key": Fix(
        "No key", "Fill in what identifies the person. Is it a footer? Then have the mapping leave it out."
    ),
    "invalid_key": Fix("Key too long", "Choose another column as the key of records.", MAPPING),
    "duplicate_key": Fix("Same key twice", "Remove one of the two records, or give each its own key."),
    "wrong_number_of_cells": Fix(
        "Cells missing or too many", "Look for a missing or an unquoted delimiter in this row."
    ),
    "unclosed_quote": Fix("Quotation mark not closed", "Close the quotation mark, or double it."),
    "cell_too_long": Fix("Cell too long", "Shorten it; often a quotation mark is missing before it."),
    "bad_character": Fix("Unreadable character", "Export the file again, or remove the character."),
    "invalid_name": Fix("Not a name", "Correct the name, or take it from other columns."),
    "invalid_date": Fix("Not a date", "Correct the date, or tell the mapping in which form dates come."),
    "invalid_email": Fix("Not an e-mail address", "Correct the address; only one can stand in the field."),
    "invalid_phone": Fix("Not a telephone number", "Correct the number."),
    "invalid_number": Fix("Not a number", "Correct the number, or tell the mapping how numbers are written."),
    "invalid_boolean": Fix("Neither yes nor no", "Give the word a meaning in the mapping.", MAPPING),
    "unknown_value": Fix("Unknown word", "Give the word a meaning in the mapping.", MAPPING),
    "required_value_missing": Fix("Required value missing", "Fill in the value."),
    "invalid_value": Fix("Value not allowed", "Correct the value, or what the mapping makes of it."),
    "ambiguous_match": Fix(
        "Points at two people",
        "Correct the employee number or the address, at the source or in the directory.",
        PERSON,
    ),
    "already_linked": Fix(
        "Second record of the same person",
        "One person, two records: remove one. Two people, one address: give each their own.",
    ),
    "confirm_match": Fix(
        "Perhaps somebody who is known",
        "Say whether it is the same person, then import again.",
        LOOK_ALIKES,
        "Somebody in the directory has the same personal e-mail address and the same name.",
    ),
    "user_name_taken": Fix(
        "User name taken",
        "Change the other person's user name, or take user names from another column.",
        MAPPING,
    ),
    "work_email_taken": Fix(
        "Work e-mail taken", "Give the person an address, or form addresses in another way.", SETTINGS
    ),
    "nobody_named": Fix("Neither name nor e-mail", "Map a name or an e-mail address.", MAPPING),
    "record_not_found": Fix(
        "Listed, and not there", "Nothing: it is usually gone by the next import.", NOTHING
    ),
    "not_storable": Fix(
        "Could not be stored", "Tell whoever runs Rollcall: its log names this run and row.", OPERATOR
    ),
    "internal_error": Fix(
        "Rollcall failed on this row",
        "Tell whoever runs Rollcall: its log names this run, the row and the cause.",
        OPERATOR,
    ),
    "no_work_email": Fix("No work e-mail", "Give the person an address in the directory.", PERSON),
    "status_withheld": Fix("Not set inactive", "Nothing: the next complete import sets the status.", NOTHING),
    "hidden_field": Fix(
        "Field hidden by the vendor", "Grant the field at the vendor, or name another one.", SETTINGS
    ),
    "record_refused": Fix(
        "Record refused by the vendor", "Grant the record to the owner of the key, at the vendor."
    ),
    "not_acknowledged": Fix(
        "Source not told", "Nothing: the next import of these records tells the source again.", NOTHING
    ),
    "no_address_for_welcome": Fix("No welcome mail", "Tell the person yourself.", PERSON),
    "no_welcome_text": Fix(
        "No text for welcome mails",
        "Write the text; it counts for those who are added from then on.",
        WELCOME,
        "New people were to be written to, and there is no text for the mail.",
    ),
    "manager_unknown": Fix(
        "Manager not known",
        "Nothing, if the manager comes later. Otherwise correct the address at the source.",
    ),
}


def fix_of(code: str) -> Fix:
    """Return what to do about a code; of one without words the code itself."""
    return FIXES.get(code) or Fix(code.replace("_", " ").capitalize(), "Correct the record at the source.")
