import type { Cursor, Envelope } from "../api/types";

/** What to do with a frame that came: hand these on, wait for the missing ones, or start over. */
export interface Verdict {
  deliver: Envelope[];
  waiting: boolean;
  resync: boolean;
}

const MOST_HELD = 500;

/**
 * Puts the durable events of one thread in order: duplicates vanish, early ones are held until the hole before
 * them is filled, and a change of epoch means history is no longer the one the page has seen.
 */
export class Sequencer {
  private held = new Map<number, Envelope>();

  constructor(private position: Cursor) {}

  get cursor(): Cursor {
    return this.position;
  }

  restart(position: Cursor): void {
    this.position = position;
    this.held.clear();
  }

  accept(frame: Envelope): Verdict {
    if (frame.seq === null) return { deliver: [frame], waiting: this.held.size > 0, resync: false };
    if (frame.epoch && frame.epoch !== this.position.epoch) {
      return { deliver: [], waiting: false, resync: true };
    }
    if (frame.seq > this.position.seq) this.held.set(frame.seq, frame);
    const deliver = this.takeReady();
    return { deliver, waiting: this.held.size > 0, resync: this.held.size > MOST_HELD };
  }

  private takeReady(): Envelope[] {
    const ready: Envelope[] = [];
    for (;;) {
      const next = this.held.get(this.position.seq + 1);
      if (!next) return ready;
      this.held.delete(this.position.seq + 1);
      this.position = { epoch: this.position.epoch, seq: this.position.seq + 1 };
      ready.push(next);
    }
  }
}
