"""What becomes of an object whose owners stay, wait or are gone."""

from hypothesis import given
from hypothesis import strategies as st

from fairway.controllers.garbage_collector.plan import Delete, Keep, Owner, is_blocking, plan
from fairway.objects import Object


def owned(*finalizers: str) -> Object:
    return {"metadata": {"uid": "x", "finalizers": list(finalizers)}}


def test_without_owners_nothing_happens() -> None:
    assert plan(owned(), {}, has_dependents=False) == Keep()


def test_with_all_owners_gone_it_goes_too() -> None:
    assert plan(owned(), {"a": Owner.ABSENT, "b": Owner.ABSENT}, has_dependents=True) == Delete("Background")


def test_its_own_finalizers_say_what_becomes_of_its_dependents() -> None:
    assert plan(owned("orphan"), {"a": Owner.ABSENT}, has_dependents=True) == Delete("Orphan")
    assert plan(owned("foregroundDeletion"), {"a": Owner.ABSENT}, has_dependents=True) == Delete("Foreground")


def test_where_an_owner_waits_what_it_owns_itself_goes_first() -> None:
    assert plan(owned(), {"a": Owner.WAITING}, has_dependents=True) == Delete("Foreground")
    assert plan(owned(), {"a": Owner.WAITING}, has_dependents=False) == Delete("Background")


def test_one_owner_that_stays_keeps_it_and_the_others_are_forgotten() -> None:
    owners = {"a": Owner.SOLID, "b": Owner.ABSENT, "c": Owner.WAITING}
    assert plan(owned(), owners, has_dependents=True) == Keep(frozenset({"b", "c"}))
    assert plan(owned(), {"a": Owner.SOLID}, has_dependents=True) == Keep()


def test_only_references_that_say_so_block() -> None:
    references = [{"uid": "a", "blockOwnerDeletion": True}, {"uid": "b"}]
    found: Object = {"metadata": {"ownerReferences": references}}
    assert (is_blocking(found, "a"), is_blocking(found, "b"), is_blocking(found, "c")) == (True, False, False)


@given(st.dictionaries(st.text("abc", min_size=1), st.sampled_from(list(Owner)), min_size=1), st.booleans())
def test_nothing_with_an_owner_that_stays_is_ever_deleted(owners: dict[str, Owner], has_dependents: bool) -> None:
    found = plan(owned(), owners, has_dependents=has_dependents)
    assert isinstance(found, Keep) is (Owner.SOLID in owners.values())
