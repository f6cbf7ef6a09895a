"""What a row of the matrix and a kind of object say, and what makes objects."""
import dataclasses
import uuid


def unique(word):
    return f"{word}-{uuid.uuid4().hex[:12]}"


def pick(value, place):
    """The value at "profiles.0.credential_id"."""
    for step in place.split("."):
        value = value[int(step) if step.isdigit() else step]
    return value


def put(value, place, new):
    """A copy with another value there."""
    step, _, rest = place.partition(".")
    step = int(step) if step.isdigit() else step
    copy = value.copy()
    copy[step] = put(value[step], rest, new) if rest else new
    return copy


@dataclasses.dataclass(frozen=True)
class Kind:
    """A sort of object. make(person) makes one over REST and returns its JSON; person.object(kind) gives one that may be shared.
    names: what must show to no other tenant, and finds nothing there. personal: it is its maker's, not all the tenant's.
    on_devices: a role that holds on some devices only reaches those of its devices. platform: it is the platform's, no tenant's.
    given(person, object): makes it that person's, where a role that holds on some devices only reaches but what its person made."""
    make: object
    names: tuple = ("id",)
    personal: bool = False
    on_devices: bool = False
    platform: bool = False
    given: object = None


@dataclasses.dataclass(frozen=True)
class Row:
    """How a route is asked.

    kind      what {id} of the path names
    names     members of that object which are good there
    path      values of the path's other parameters, which name no object
    beside    the path's other parameters that do -> the kind; the object of that kind is the one which `kind` is made for
    body      body(person): a valid body, made of that person's objects, with new names
    ready     ready(person): what succeeds in its place, where the person must be made ready for it
    refs      every place of the body that names an object -> its kind; all places where the route's schema has a UUID must be here
    lists     what the list holds: nothing of another tenant's may show in it
    filters   every filter of the list -> the place of its value in an object of `lists`, or "=value" where the value names none
    spends    success uses the object up, or the log-in where there is none: each success gets one of its own
    by_token  an API key will not do
    needs     the permission of this call when it is not the one of the route: the library asks for more
    public    why nobody is asked for a log-in, and what keeps a tenant's objects out of it"""
    kind: str = None
    names: tuple = ("id",)
    path: dict = dataclasses.field(default_factory=dict)
    beside: dict = dataclasses.field(default_factory=dict)
    body: object = None
    ready: object = None
    refs: dict = dataclasses.field(default_factory=dict)
    lists: str = None
    filters: dict = dataclasses.field(default_factory=dict)
    spends: bool = False
    by_token: bool = False
    needs: str = None
    public: str = None


BY_SECRET = "the secret in the body is the log-in: test_http_api.py"


def posted(path, body, status=201):
    def make(person):
        answer = person.call("POST", path, body(person))
        assert answer.status == status, answer
        return answer.json()
    return make
