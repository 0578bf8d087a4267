"""Message ports as all blocks of gr-gensc have them: guarded, bounded, and with an end.

GNU Radio's own rules are too few for images that must all arrive:

* An exception in a handler ends the block's thread. Here a bad PDU is counted in `dropped`,
  logged in one line, and forgotten.
* Message queues have no limit. Here `publish` waits while a gr-gensc block downstream has too much
  to do, so a folder of photos is read at the pace of the slowest block. Other blocks' queues
  behave as ever.
* A block cannot be stopped while messages keep arriving: GNU Radio asks whether to stop only when
  a queue is empty. Here at most two messages are handled in between.
* A block ends when the first of its neighbours is "done", even with PDUs in its queue. Here it ends
  when the last one is: it takes what is queued, gives out what it still holds (`end_of_stream`),
  and only then tells its own neighbours.

What becomes of an exception is the same in every block (docs/faults.md has it as a table):

* **skips**: what a handler raises costs the one message. It is counted in `dropped`; where it is no
  `GenscError`, so that nobody has foreseen it, in `unforeseen` as well.
* **goes on**: a step by which a block drives itself, and what a thread of a block does with one
  message, are skipped in the same way, and the next one follows.
* **ends**: a block whose own steps fail `FAILURES_IN_A_ROW` times without one between that did not,
  and with what nobody has foreseen, will not recover. It says so, gives out what it holds, and ends
  the stream as if it were done: what follows it ends, too, and nothing waits for ever.
* What is no `Exception` (KeyboardInterrupt, SystemExit) is nobody's to keep.
"""

from __future__ import annotations

import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import pmt

from gnuradio import gr

from .errors import GenscError

if TYPE_CHECKING:
    # What the mixin is mixed into.
    _Block = gr.basic_block
else:
    _Block = object

Handler = Callable[[Any], None]

QUEUE_LIMIT = 64
"""PDUs that may wait on a port before `publish` waits too; images and sections: `LARGE_LIMIT`."""
LARGE_LIMIT = 4

_DONE = pmt.intern("done")
FAILURES_IN_A_ROW = 100
"""Unforeseen failures of a self-driven block's steps, one after the other, that end it."""
_POLL_S = 0.002
_AFTER_FAILURE_S = 0.05
_STEPS = ("step_a", "step_b")

_blocks: weakref.WeakSet[MessagePorts] = weakref.WeakSet()
_registering = threading.Lock()


def _known_blocks() -> list[MessagePorts]:
    """Every block of this kind in the process; other flowgraphs may be under construction."""
    with _registering:
        return list(_blocks)


class MessagePorts(_Block):
    """Mixin for Python blocks with message ports; call `setup_ports` after the base class."""

    def setup_ports(
        self,
        inputs: Mapping[str, Handler],
        outputs: Iterable[str] = (),
        limits: Mapping[str, int | None] | None = None,
        controls: Iterable[str] = (),
        one_at_a_time: bool = True,
    ) -> None:
        """Register the ports.

        Args:
            inputs: port name to the method that takes a message; it may raise.
            outputs: port names.
            limits: PDUs waiting on an input port before upstream waits; None never makes it wait.
                Unnamed ports have QUEUE_LIMIT, or LARGE_LIMIT when called image or section.
            controls: input ports that may close a loop (a measured SNR fed back to an encoder):
                they neither make upstream wait nor keep the block from ending.
            one_at_a_time: let GNU Radio stop the block between messages; False for handlers that
                only put the message into a queue.
        """
        self.dropped = self.unforeseen = 0
        self._in_a_row = 0
        self.last_error: Exception | None = None  # of a handler
        # Told of each message that a handler failed on, by whoever keeps account of images.
        self.on_refused: Callable[[Any, Exception], None] | None = None
        self._inputs = dict(inputs)
        self._outputs = tuple(outputs)
        self._limits: dict[str, int | None] = {
            port: LARGE_LIMIT if port in ("image", "section") else QUEUE_LIMIT for port in inputs
        }
        self._limits.update(limits or {})
        self._controls = frozenset(controls)
        self._limits.update(dict.fromkeys(self._controls))
        self._todo: deque[tuple[str, Any]] = deque()
        self._stepping = False
        self._targets: dict[str, list[tuple[MessagePorts, str]]] | None = None
        self._ended = False  # everything has been given out
        self._stopped = False  # the block's thread is gone
        self._log = gr.logger(f"gensc.{self.name()}")
        for port in self._inputs:
            self.message_port_register_in(pmt.intern(port))
            take = self._later if one_at_a_time else self._guarded
            self._set_handler(port, partial(take, port))
        for port, other in (_STEPS, _STEPS[::-1]):
            self.message_port_register_in(pmt.intern(port))
            self._set_handler(port, partial(self._step, other))
        for port in self._outputs:
            self.message_port_register_out(pmt.intern(port))
        self._set_handler("system", self._on_system)
        with _registering:
            _blocks.add(self)

    def _set_handler(self, port: str, handler: Handler) -> None:
        # GNU Radio looks the handler up by its name on the block.
        def call(message: Any) -> None:
            handler(message)

        call.__name__ = f"_handle_{port}"
        setattr(self, call.__name__, call)
        self.set_msg_handler(pmt.intern(port), call)

    # ------------------------------------------------------------------ receiving

    def _later(self, port: str, message: Any) -> None:
        self._todo.append((port, message))
        if not self._stepping:
            self._stepping = True
            self._post(pmt.intern(_STEPS[0]), pmt.PMT_NIL)

    def _step(self, next_step: str, _: Any = None) -> None:
        # GNU Radio serves a port until its queue is empty, then the next port. Two ports that take
        # turns bring it back to where it looks whether to stop.
        if self._todo:
            self._guarded(*self._todo.popleft())
        self._stepping = bool(self._todo)
        if self._stepping:
            self._post(pmt.intern(next_step), pmt.PMT_NIL)

    def _guarded(self, port: str, message: Any) -> None:
        try:
            self._inputs[port](message)
        except Exception as error:  # nothing that arrives may end the thread
            self.skip(f"[{port}]", error)
            if self.on_refused is not None:
                self.on_refused(message, error)

    def skip(self, where: str, error: Exception) -> None:
        """Count what an exception has cost, and say it; threads of blocks call it as well.

        Args:
            where: port or thread, for the log.
            error: what was raised.
        """
        self.last_error = error
        if isinstance(error, GenscError):
            self.drop(f"{where} {error}")
        else:
            self.unforeseen += 1
            self.drop(f"{where} {type(error).__name__}: {error}")

    def driven(self, port: str, step: Callable[[], bool]) -> Handler:
        """The handler of a port by which a block drives itself: each message is one `step`, which
        says whether another one follows. So GNU Radio can stop the block between any two.

        A step that fails is dropped as a PDU would be, and the next one follows, after a moment:
        what fails every time must not spin, and ends the block after `FAILURES_IN_A_ROW`.
        """

        def handler(_: Any) -> None:
            more = not self._ended
            try:
                more = more and step()
                self._in_a_row = 0
            except Exception as error:
                self._in_a_row = 0 if isinstance(error, GenscError) else self._in_a_row + 1
                if self._in_a_row >= FAILURES_IN_A_ROW:
                    more = False
                    self._give_up()
                else:
                    time.sleep(_AFTER_FAILURE_S)
                raise
            finally:
                if more and not self._ended:
                    self.drive(port)

        return handler

    def _give_up(self) -> None:
        """End a block whose own steps fail every time."""
        self._log.error(f"{self._in_a_row} failures in a row: the stream ends here")
        self._end_of_stream()
        self.finish()

    def drive(self, port: str) -> None:
        """Begin with the steps of a port that is `driven`."""
        self._post(pmt.intern(port), pmt.PMT_NIL)

    def drop(self, reason: str) -> None:
        """Count a PDU that could not be used and say why in one line.

        The first ten are logged, then the 100th, the 1000th and so on: a port that noise arrives on
        must not fill the disk.
        """
        self.dropped += 1
        if self.dropped > 10 and str(self.dropped).rstrip("0") != "1":
            return
        self._log.warn(f"PDU dropped ({self.dropped}): {' '.join(reason.split())}")

    def backlog(self, port: str) -> int:
        """PDUs waiting on an input port; blocks with a queue of their own add it."""
        taken = sum(name == port for name, _ in list(self._todo))
        return int(self.nmsgs(pmt.intern(port))) + taken

    def _wait_for_room(self, port: str) -> None:
        limit = self._limits.get(port)
        while limit is not None and not self._stopped and self.backlog(port) >= limit:
            time.sleep(_POLL_S)

    # ------------------------------------------------------------------ sending

    def _subscriptions(self) -> list[tuple[str, str, str]]:
        """(output port, subscribed block's alias, its port) of every connection."""
        found = []
        for port in self._outputs:
            subscribers = self.message_subscribers(pmt.intern(port))
            for i in range(pmt.length(subscribers)):
                target = pmt.nth(i, subscribers)
                alias, to = pmt.car(target), pmt.cdr(target)
                found.append((port, pmt.symbol_to_string(alias), pmt.symbol_to_string(to)))
        return found

    def _listeners(self, port: str) -> list[tuple[MessagePorts, str]]:
        """The blocks of this kind that listen to an output port, with their own port."""
        if self._targets is None:
            # Connections are made before GNU Radio starts the blocks, and stay.
            blocks = {block.alias(): block for block in _known_blocks()}
            self._targets = {output: [] for output in self._outputs}
            for output, alias, to in self._subscriptions():
                if alias in blocks:
                    self._targets[output].append((blocks[alias], to))
        return self._targets[port]

    def publish(self, port: str, message: Any) -> None:
        """Send a message, when the blocks that listen have room for it."""
        for block, to in self._listeners(port):
            block._wait_for_room(to)
        self.message_port_pub(pmt.intern(port), message)

    # ------------------------------------------------------------------ the end

    def end_of_stream(self) -> None:
        """Give out what the block still holds; nothing more will arrive."""

    def finish(self) -> None:
        """Tell GNU Radio that this block is done; it passes that on to its neighbours."""
        self._ended = True
        self.system_handler(pmt.cons(_DONE, pmt.from_long(1)))

    def _on_system(self, message: Any) -> None:
        if not (pmt.is_pair(message) and pmt.eq(pmt.car(message), _DONE)):
            self.system_handler(message)
            return
        if self._ended or self._upstream_running():
            return
        for port in self._inputs:
            while (waiting := self.delete_head_nowait(pmt.intern(port))) is not None:
                self._todo.append((port, waiting))
        while self._todo:
            self._guarded(*self._todo.popleft())
        self._end_of_stream()
        self.finish()

    def _end_of_stream(self) -> None:
        try:
            self.end_of_stream()
        except Exception as error:  # the neighbours must hear of the end all the same
            self.skip("at the end:", error)

    def _upstream_running(self) -> bool:
        mine = self.alias()
        return any(
            not block._ended and not block._stopped
            for block in _known_blocks()
            if block is not self
            and any(
                alias == mine and to not in self._controls
                for _, alias, to in block._subscriptions()
            )
        )

    def wait_ended(self, timeout_s: float) -> bool:
        """Wait until the block has given out everything; False after `timeout_s` seconds."""
        deadline = time.monotonic() + timeout_s
        while not self._ended and time.monotonic() < deadline:
            time.sleep(_POLL_S)
        return self._ended

    def start(self) -> bool:
        """GNU Radio starts the flowgraph."""
        self._ended = self._stopped = False
        self._in_a_row = 0
        self._targets = None
        return True

    def stop(self) -> bool:
        """GNU Radio has ended the block's thread."""
        self._stopped = True
        self._targets = None
        return True


class message_block(MessagePorts, gr.basic_block):
    """A block with message ports only."""

    def __init__(self, name: str) -> None:
        gr.basic_block.__init__(self, name, None, None)
