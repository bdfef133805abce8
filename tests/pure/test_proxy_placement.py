"""Slots and numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from proxy_objects import at

from fairway.proxy.model import Endpoint
from fairway.proxy.placement import EndpointList, Numbers, place, place_list

A, B, C, D, E = (at(f"10.0.0.{number}:80") for number in range(1, 6))
_lists = st.lists(st.sampled_from([A, B, C, D, E]), unique=True).map(tuple)


def test_survivors_keep_their_slots() -> None:
    assert place((A, B, C), (C, A, D)) == (A, D, C)


def test_a_shorter_list_moves_its_tail_into_the_holes() -> None:
    assert place((A, B, C, D), (B, C, D)) == (D, B, C)
    assert place((A, B, C, D), (B, D)) == (D, B)


@given(_lists, _lists)
def test_every_wanted_endpoint_has_one_slot(before: tuple[Endpoint, ...], wanted: tuple[Endpoint, ...]) -> None:
    assert sorted(place(before, wanted)) == sorted(wanted)


@given(_lists, _lists)
def test_no_survivor_moves_without_need(before: tuple[Endpoint, ...], wanted: tuple[Endpoint, ...]) -> None:
    after = place(before, wanted)
    for slot, each in enumerate(before[: len(wanted)]):
        if each in wanted:
            assert after[slot] == each


def test_a_number_that_was_given_back_rests_for_a_round() -> None:
    numbers = Numbers(5)
    assert [numbers.take() for _ in range(3)] == [1, 2, 3]
    numbers.give_back(1)
    assert numbers.take() == 4
    assert numbers.take() == 1
    with pytest.raises(OverflowError, match="all 4 numbers are in use"):
        numbers.take()


def test_numbers_go_on_after_those_that_were_found() -> None:
    numbers = Numbers(10, {4, 7})
    assert [numbers.take() for _ in range(3)] == [8, 9, 1]


def test_endpoint_numbers_stay_with_their_endpoint() -> None:
    first = place_list(EndpointList(), (A, B, C), 1, 0)
    assert first == EndpointList((A, B, C), 1, 0, (1, 2, 3), 4)
    assert place_list(first, (C, B), 1, 0) == EndpointList((C, B), 1, 0, (3, 2), 4)
    assert place_list(first, (A, D, C), 1, 0).numbers == (1, 4, 3)


def test_another_affinity_number_numbers_anew() -> None:
    first = place_list(EndpointList(), (A, B), 1, 0)
    assert place_list(first._replace(next_number=1), (A, B), 2, 0).numbers == (1, 2)


def test_without_affinity_there_are_no_numbers() -> None:
    assert place_list(EndpointList((A,), 1, 0, (1,), 2), (A, B), 0, 0) == EndpointList((A, B))
