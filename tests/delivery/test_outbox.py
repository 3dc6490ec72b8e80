from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from holdfast.delivery.model import DeliveryError, Message
from holdfast.delivery.outbox import Outbox
from holdfast.delivery.retry import Patience
from holdfast.delivery.shelves.sql import SqlShelf, open_shelf
from holdfast.kernel.clock import ManualClock, SystemRandomness
from holdfast.keys.file import open_key_ring


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


@dataclass
class Post:
    """An outbox over a real shelf, with a sender for each receiver: d0, d1 and so on."""

    shelf: SqlShelf
    clock: ManualClock
    box: Outbox

    def expect(self, *receivers: Receiver, patience: Patience | None = None) -> None:
        senders = {f"d{number}": receiver for number, receiver in enumerate(receivers)}
        self.box = Outbox(self.shelf, senders, self.clock, Steady(), patience or Patience())

    def hand_in(self, destination: str, *identifiers: str) -> None:
        messages = [Message(identifier, 0.0, "alert", "t", "x") for identifier in identifiers]
        entries = [(destination, message) for message in messages]
        self.shelf.take_in("tests", 0, entries, self.clock.now())

    def send(self) -> int:
        """Everything that is due to anybody; how many arrived."""
        return sum(self.box.send(name, 100) for name in self.shelf.destinations())

    def dead(self, destination: str) -> list[tuple[str, str]]:
        return [(letter.message.id, letter.error) for letter in self.shelf.dead(destination)]


@pytest.fixture
def post(tmp_path: Path) -> Iterator[Post]:
    clock = ManualClock()
    shelf = open_shelf(tmp_path, open_key_ring(tmp_path, clock, SystemRandomness()))
    shelf.prepare()
    yield Post(shelf, clock, Outbox(shelf, {}, clock, Steady()))
    shelf.close()


def test_messages_arrive_once_and_in_order(post: Post) -> None:
    receiver = Receiver()
    post.expect(receiver)
    post.hand_in("d0", "a", "b", "c")
    assert post.send() == 3
    assert receiver.taken == ["a", "b", "c"]
    assert post.send() == 0


def test_a_failing_destination_waits_longer_each_time_and_keeps_the_order(post: Post) -> None:
    receiver = Receiver([DeliveryError("down"), DeliveryError("down"), None])
    post.expect(receiver)
    post.hand_in("d0", "a", "b")
    for wait in (2.0, 4.0):
        assert post.box.is_due("d0")
        assert post.send() == 0
        left = len(receiver.answers)
        post.clock.advance(wait - 0.1)
        assert not post.box.is_due("d0")
        assert (post.send(), len(receiver.answers)) == (0, left), "not even tried"
        post.clock.advance(0.1)
    assert post.send() == 2
    assert receiver.taken == ["a", "b"]
    counters = post.box.counters["d0"]
    assert (counters.failed, counters.delivered) == (2, 2)


def test_one_failing_destination_does_not_hold_up_another(post: Post) -> None:
    broken, fine = Receiver([DeliveryError("down")]), Receiver()
    post.expect(broken, fine)
    post.hand_in("d0", "a")
    post.hand_in("d1", "a")
    post.send()
    assert (broken.taken, fine.taken) == ([], ["a"])


def test_a_hopeless_message_goes_to_the_dead_letters_and_the_next_one_goes_out(post: Post) -> None:
    receiver = Receiver([DeliveryError("refused", permanent=True)])
    post.expect(receiver)
    post.hand_in("d0", "a", "b")
    assert post.send() == 1
    assert receiver.taken == ["b"]
    assert post.dead("d0") == [("a", "refused")]


@pytest.mark.parametrize("patience", [Patience(attempts=3), Patience(age=5.0)])
def test_patience_has_an_end(post: Post, patience: Patience) -> None:
    post.expect(Receiver([DeliveryError("down")] * 10), patience=patience)
    post.hand_in("d0", "a")
    for _ in range(5):
        post.send()
        post.clock.advance(100.0)
    assert post.dead("d0") == [("a", "down")]
    assert not post.shelf.destinations()


def test_the_destinations_wish_to_wait_is_respected(post: Post) -> None:
    post.expect(Receiver([DeliveryError("busy", retry_after=120.0)]))
    post.hand_in("d0", "a")
    post.send()
    post.clock.advance(119.9)
    assert not post.box.is_due("d0")
    post.clock.advance(0.1)
    assert post.box.is_due("d0")


def test_a_destination_that_is_configured_anew_is_tried_at_once(post: Post) -> None:
    post.expect(Receiver([DeliveryError("busy", retry_after=120.0)]))
    post.hand_in("d0", "a")
    post.send()
    post.box.reset("d0")
    assert post.send() == 1


def test_the_throttle_spreads_a_flood(post: Post) -> None:
    post.expect(Receiver())
    post.box.rate = 10.0
    post.hand_in("d0", *map(str, range(25)))
    assert post.send() == 10
    assert post.send() == 0
    assert not post.box.is_due("d0")
    post.clock.advance(1.0)
    assert post.send() == 10


def test_what_has_no_sender_stays_where_it_is(post: Post) -> None:
    post.hand_in("removed", "a")
    assert post.send() == 0
    assert post.shelf.status("removed").waiting == 1
