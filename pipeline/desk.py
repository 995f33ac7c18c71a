"""A packet on a reviewer's desk, for scripts and notebooks: what is decided goes into the store that the page uses.

The rules are the store's own: the account must exist and see the packet, a claim holds it, evidence comes first.
"""

from __future__ import annotations

from dataclasses import dataclass

from extractors.errors import UserError
from pipeline.store import Store, access, reviews, worksheets
from pipeline.store.access import Viewer
from pipeline.store.decisions import Refused, Sent, Stale, State


@dataclass(frozen=True, slots=True)
class Desk:
    """One packet, held by one reviewer. Made by `take`."""

    store: Store
    viewer: Viewer
    key: str

    def state(self, criterion: str) -> State:
        """Where a criterion stands. Raises UserError for one that the screening does not have."""
        with self.store.read() as conn:
            packet = _packet(reviews.find_packet(conn, self.viewer, self.key))
            held = reviews.own_review(packet, self.viewer)
            states = reviews.states(conn, packet, held) if held else {}
        if criterion not in states:
            raise UserError(f"{criterion}: not in this screening; use one of {', '.join(states)}")
        return states[criterion]

    def decide(self, criterion: str, action: str, status: str | None = None, reason: str = "") -> str:
        """Append one event as the page does, its deciding excerpts having been shown; "" or why it was refused."""
        state = self.state(criterion)
        sent = Sent(criterion, state.number, action, status, reason.strip(), seen=state.deciding())
        try:
            with self.store.write(self.viewer.name) as tx:
                reviews.decide(tx, _packet(reviews.find_packet(tx.conn, self.viewer, self.key)), self.viewer, sent)
        except Refused as refused:
            return refused.why
        except Stale:
            return "This criterion was decided elsewhere a moment ago; look again."
        return ""

    def finish(self) -> str:
        """Close the review and freeze its worksheet; "" or why it was refused."""
        try:
            with self.store.write(self.viewer.name) as tx:
                worksheets.finish(tx, _packet(reviews.find_packet(tx.conn, self.viewer, self.key)), self.viewer)
        except Refused as refused:
            return refused.why
        return ""


def take(store: Store, packet_id: str, reviewer: str) -> Desk:
    """Claim a packet, or go on with one's own review of it. Raises UserError where the reviewer may not."""
    with store.write(reviewer) as tx:
        account = access.find_account(tx.conn, reviewer)
        if account is None or account["disabled"]:
            raise UserError(f"{reviewer}: no such reviewer; make the account on the reviewer's page")
        viewer = Viewer(int(str(account["id"])), str(account["name"]), str(account["role"]))
        packet = _packet(next((p for p in reviews.packets_of(tx.conn, viewer) if p.packet_id == packet_id), None))
        if reviews.own_review(packet, viewer) is None:
            try:
                reviews.claim(tx, packet, viewer)
            except Refused as refused:
                raise UserError(f"{packet_id}: {refused.why}") from None
    return Desk(store, viewer, packet.key)


def _packet(found: reviews.Packet | None) -> reviews.Packet:
    if found is None:
        raise UserError("no such packet for this reviewer; take in the workspace and name a packet of the reviewer's team")
    return found
