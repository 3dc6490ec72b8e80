from dataclasses import dataclass, field

import pytest

from holdfast.delivery import outbox as module
from holdfast.delivery.model import DeliveryError, Message
from holdfast.delivery.outbox import Outbox
from holdfast.delivery.retry import Patience
from holdfast.delivery.shelves.memory import MemoryShelf
from holdfast.kernel.clock import ManualClock


@dataclass
class Receiver:
    """A destination that answers as it is told."""

    answers: list[DeliveryError | None] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)

    def send(self, message: Message) -> None:
        answer = self.answers.pop(0) if self.answers else None
        if answer is not None:
            raise answer
        self.taken.append(message.id)

    def close(self) -> None:
        pass


class Steady:
    def bytes(self, length: int) -> bytes:
        return b"\xff" * length


def message(identifier: str) -> Message:
    return Message(identifier, 0.0, "alert", "t", "x")


def outbox(*receivers: Receiver, patience: Patience | None = None) -> tuple[Outbox, ManualClock, MemoryShelf]:
    clock, shelf = ManualClock(), MemoryShelf()
    senders = {f"d{number}": receiver for number, receiver in enumerate(receivers)}
    return Outbox(shelf, senders, clock, Steady(), patience or Patience()), clock, shelf


def test_messages_arrive_once_and_in_order() -> None:
    receiver = Receiver()
    box, _clock, _shelf = outbox(receiver)
    for identifier in "abc":
        assert box.hand_in("d0", message(identifier))
    assert not box.hand_in("d0", message("b"))
    assert box.run_once() == 3
    assert receiver.taken == ["a", "b", "c"]
    assert box.run_once() == 0


def test_a_failing_destination_waits_longer_each_time_and_keeps_the_order() -> None:
    receiver = Receiver([DeliveryError("down"), DeliveryError("down"), None])
    box, clock, _shelf = outbox(receiver)
    box.hand_in("d0", message("a"))
    box.hand_in("d0", message("b"))
    assert box.run_once() == 0
    assert box.next_due() == 2.0
    clock.advance(1.9)
    assert box.run_once() == 0
    assert len(receiver.answers) == 2
    clock.advance(0.2)
    assert box.run_once() == 0
    assert box.next_due() == pytest.approx(4.0)
    clock.advance(4.0)
    assert box.run_once() == 2
    assert receiver.taken == ["a", "b"]
    assert (box.counters["d0"].failed, box.counters["d0"].delivered) == (2, 2)


def test_one_failing_destination_does_not_hold_up_another() -> None:
    broken, fine = Receiver([DeliveryError("down")]), Receiver()
    box, _clock, _shelf = outbox(broken, fine)
    box.hand_in("d0", message("a"))
    box.hand_in("d1", message("a"))
    box.run_once()
    assert (broken.taken, fine.taken) == ([], ["a"])


def test_a_hopeless_message_goes_to_the_dead_letters_and_the_next_one_goes_out() -> None:
    receiver = Receiver([DeliveryError("refused", permanent=True)])
    box, clock, shelf = outbox(receiver)
    box.hand_in("d0", message("a"))
    box.hand_in("d0", message("b"))
    assert box.run_once() == 1
    assert receiver.taken == ["b"]
    letter = shelf.dead[0]
    assert (letter.parcel.message.id, letter.error, letter.time) == ("a", "refused", clock.now())


@pytest.mark.parametrize("patience", [Patience(attempts=3), Patience(age=5.0)])
def test_patience_has_an_end(patience: Patience) -> None:
    receiver = Receiver([DeliveryError("down")] * 10)
    box, clock, shelf = outbox(receiver, patience=patience)
    box.hand_in("d0", message("a"))
    for _ in range(5):
        box.run_once()
        clock.advance(100.0)
    assert [letter.parcel.message.id for letter in shelf.dead] == ["a"]
    assert box.next_due() is None


def test_the_destinations_wish_to_wait_is_respected() -> None:
    box, _clock, _shelf = outbox(Receiver([DeliveryError("busy", retry_after=120.0)]))
    box.hand_in("d0", message("a"))
    box.run_once()
    assert box.next_due() == 120.0


def test_the_throttle_spreads_a_flood() -> None:
    receiver = Receiver()
    box, clock, _shelf = outbox(receiver)
    box.rate = 10.0
    for number in range(25):
        box.hand_in("d0", message(str(number)))
    assert box.run_once() == 10
    assert box.run_once() == 0
    clock.advance(1.0)
    assert box.run_once() == 10


def test_a_full_destination_refuses_visibly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAXIMUM_PENDING", 2)
    box, _clock, shelf = outbox(Receiver())
    assert [box.hand_in("d0", message(identifier)) for identifier in "abc"] == [True, True, False]
    assert [letter.parcel.message.id for letter in shelf.dead] == ["c"]


def test_what_has_no_sender_stays_where_it_is() -> None:
    box, _clock, shelf = outbox()
    box.hand_in("removed", message("a"))
    assert box.run_once() == 0
    assert shelf.pending("removed") == 1
    assert box.next_due() is None
