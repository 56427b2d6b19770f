"""Who may connect and who has to make room."""

from ipaddress import ip_network

from ivr.admission import Admission, AdmissionLimits


def drop_nobody() -> None:
    raise AssertionError("nobody should have been dropped")


def test_a_peer_outside_the_list_is_refused() -> None:
    admission = Admission(AdmissionLimits())
    assert admission.arrive("192.0.2.1", drop_nobody) is None
    assert admission.arrive("no address", drop_nobody) is None
    assert admission.arrive("::1", drop_nobody) is not None
    assert admission.refused == 2


def test_a_full_waiting_room_drops_the_oldest_of_the_busiest_peer() -> None:
    admission = Admission(AdmissionLimits(max_waiting=3, allowed_peers=(ip_network("10.0.0.0/8"),)))
    dropped: list[str] = []
    quiet = admission.arrive("10.0.0.9", drop_nobody)
    for name in ("a", "b", "c"):
        admission.arrive("10.0.0.1", lambda name=name: dropped.append(name))  # type: ignore[misc]  # bound per loop
    assert dropped == ["a"]
    assert quiet is not None
    assert quiet.promote()


def test_the_active_are_counted_per_peer_and_leave_once() -> None:
    admission = Admission(
        AdmissionLimits(max_active=2, max_active_per_peer=1, allowed_peers=(ip_network("10.0.0.0/8"),))
    )
    first, second, other = (admission.arrive(peer, drop_nobody) for peer in ("10.0.0.1", "10.0.0.1", "10.0.0.2"))
    assert first is not None
    assert second is not None
    assert other is not None
    assert first.promote()
    assert not second.promote()
    assert other.promote()
    first.leave()
    first.leave()
    assert admission.active == 1
    assert second.promote()
