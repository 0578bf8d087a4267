"""The state of a service, as it is shown."""

from hypothesis import given
from hypothesis import strategies as st

from gensc.receiver.dashboard.presented import presented

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


def test_what_was_stored_whole_or_damaged_is_delivered_and_losses_have_causes():
    told = {"counters": {"stored": 5, "damaged": 2, "lost": 3, "causes": {"never heard": 3}}}
    shown = presented(told)["counters"]
    assert shown["delivered"] == 7
    assert shown["lost"] == {"never heard": 3}


def test_a_sources_sums_stand_in_its_row():
    told = {
        "sources": [{"name": "air", "state": "running"}, {"name": "b"}],
        "counters": {"sources": {"air": {"bursts": 9, "samples": 70, "headers_bad": 1}}},
    }
    shown = presented(told)
    assert shown["sources"][0] == {"name": "air", "state": "running", "bursts": 9, "samples": 70}
    assert shown["source_sums"]["air"]["headers_bad"] == 1
    assert "sources" not in shown["counters"]


def test_installed_refiners_are_offered_where_the_service_names_none():
    assert {"none", "refiner-photo"} <= set(presented({})["refiners"])
    assert presented({"refiners": ["mine"]})["refiners"] == ["mine"]


@given(
    st.fixed_dictionaries(
        {}, optional={n: JSON for n in ("counters", "sources", "stages", "users")}
    )
)
def test_whatever_is_missing_or_of_another_kind_is_no_error(state):
    shown = presented(state)
    assert isinstance(shown["counters"], dict)
    assert isinstance(shown["sources"], list)
