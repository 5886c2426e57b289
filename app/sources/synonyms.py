"""What HR exports call their columns, and what their status words mean; read by guessing only."""

from __future__ import annotations

import re

#: Field → header words (normal form: lower case, "#" and "no" spelt "number"). The first fitting column is taken.
SYNONYMS: dict[str, tuple[str, ...]] = {
    "name.givenName": ("first name", "firstname", "given name", "givenname", "forename", "legal first name", "first", "fname", "given names"),
    "name.familyName": ("last name", "lastname", "surname", "family name", "familyname", "legal last name", "last", "lname"),
    "name.middleName": ("middle name", "middlename", "middle initial", "mi", "middle"),
    "name.honorificPrefix": ("prefix", "salutation", "name prefix"),
    "name.honorificSuffix": ("suffix", "name suffix"),
    "nickName": ("preferred name", "preferred first name", "nickname", "known as", "goes by"),
    "displayName": ("display name",),
    "emails[work].value": (
        "work email", "email", "email address", "work email address", "company email", "business email", "corporate email",
        "office email", "primary email", "email work", "mail", "e mail",
    ),
    "emails[home].value": ("personal email", "home email", "private email", "personal email address", "home email address"),
    "phoneNumbers[work].value": ("work phone", "phone", "phone number", "business phone", "office phone", "telephone", "work phone number"),
    "phoneNumbers[mobile].value": ("mobile", "mobile phone", "cell", "cell phone", "mobile number", "cellphone", "mobile phone number"),
    "phoneNumbers[home].value": ("home phone", "home phone number", "personal phone"),
    "title": ("job title", "title", "position", "position title", "role", "job"),
    "userType": ("employee type", "worker type", "user type"),
    "hr.employmentType": ("employment type", "contract type", "full time part time", "ft pt"),
    "enterprise.department": ("department", "dept", "department name", "team"),
    "enterprise.division": ("division", "business unit"),
    "enterprise.organization": ("company", "organization", "organisation", "legal entity", "company name", "employer"),
    "enterprise.costCenter": ("cost center", "cost centre", "cost center code", "cost centre code"),
    "hr.departmentCode": ("department code", "dept code", "department id", "department number"),
    "hr.positionCode": ("job code", "position code", "position id"),
    "hr.locationName": ("location", "work location", "office", "site", "office location", "location name"),
    "hr.locationCode": ("location code", "site code", "location id"),
    "hr.startDate": ("hire date", "start date", "date of hire", "date hired", "hired", "joined", "join date", "date of joining", "original hire date", "hired on", "started on", "employment start date"),
    "hr.terminationDate": (
        "termination date", "term date", "end date", "leave date", "last day", "date of termination", "separation date",
        "terminated", "terminated on", "date left", "last working day", "employment end date", "exit date", "leaving date",
    ),
    "hr.dateOfBirth": ("date of birth", "birth date", "birthdate", "dob", "birthday"),
    "hr.gender": ("gender", "sex"),
    "hr.employmentStatus": ("employment status", "status", "employee status", "worker status", "emp status"),
    "hr.managerEmail": ("manager email", "supervisor email", "reports to email", "manager email address", "manager work email"),
    "hr.managerSourceId": ("manager id", "supervisor id", "manager employee id", "reports to id", "manager number", "manager employee number"),
    "hr.fte": ("fte",),
    "addresses[work].streetAddress": ("work address", "work street", "office address"),
    "addresses[work].locality": ("work city", "office city"),
    "addresses[work].region": ("work state", "work province", "work region"),
    "addresses[work].postalCode": ("work zip", "work postal code", "work postcode", "work zip code"),
    "addresses[work].country": ("work country", "country of work"),
    "addresses[home].streetAddress": ("address", "street", "home address", "street address", "address 1", "address line 1", "home street"),
    "addresses[home].locality": ("city", "town", "home city"),
    "addresses[home].region": ("state", "province", "region", "home state", "state province"),
    "addresses[home].postalCode": ("zip", "zip code", "postal code", "postcode", "home zip", "home postal code"),
    "addresses[home].country": ("country", "home country"),
    "userName": ("username", "user name", "login", "login name"),
}  # fmt: skip

#: Columns that identify a person, best first.
KEYS = (
    "employee id", "employee number", "emp id", "emp number", "employee code", "worker id", "worker number",
    "personnel number", "personnel id", "personnel code", "staff id", "staff number", "associate id", "associate number", "payroll number",
    "payroll id", "person id", "person number", "file number", "eid", "employeeid", "empid", "employee", "id", "number",
)  # fmt: skip
#: Columns with a whole name.
WHOLE_NAMES = ("name", "full name", "employee name", "fullname", "legal name", "worker name", "person", "last name first name")
ACTIVE_COLUMNS = ("active", "is active", "enabled", "currently employed")

ACTIVE_WORDS = frozenset(
    {"active", "a", "employed", "current", "on leave", "leave", "leave of absence", "loa", "full time", "part time", "probation",
     "probationary", "working", "hired", "parental leave", "maternity leave", "sabbatical", "temporary", "contract", "1", "yes", "y", "true"}
)  # fmt: skip
INACTIVE_WORDS = frozenset(
    {"inactive", "i", "t", "terminated", "term", "left", "leaver", "resigned", "retired", "former", "deceased", "dismissed",
     "separated", "ended", "disabled", "laid off", "not active", "0", "no", "n", "false"}
)  # fmt: skip

_WORD = re.compile(r"[a-z0-9]+")
_SPELT = {"no": "number", "num": "number", "nr": "number", "nbr": "number", "mgr": "manager", "tel": "telephone", "mob": "mobile"}


def normal_header(text: str) -> str:
    """Return a header in the form that the tables are written in.

    >>> normal_header("E-mail Address"), normal_header("Emp #"), normal_header("employeeNumber")
    ('email address', 'emp number', 'employee number')
    """
    text = re.sub(r"([a-z])([A-Z])", r"\1 \2", text).lower().replace("#", " number ").replace("e-mail", "email")
    return " ".join(_SPELT.get(word, word) for word in _WORD.findall(text))
