import { describe, expect, it } from "vitest";
import { accepted, delta, EPOCH, wholeRun } from "../testing/events";
import { Sequencer } from "./sequencer";

const seqs = (frames: { seq: number | null }[]) => frames.map((frame) => frame.seq);

describe("the order of a thread's events", () => {
  it("hands events on in order whatever order they come in, each once", () => {
    const events = wholeRun();
    const shuffled = [...events.slice(4), ...events.slice(0, 6)];
    const sequencer = new Sequencer({ epoch: EPOCH, seq: 0 });
    const out = shuffled.flatMap((frame) => sequencer.accept(frame).deliver);
    expect(seqs(out)).toEqual(seqs(events));
    expect(sequencer.cursor).toEqual({ epoch: EPOCH, seq: events.length });
  });

  it("ignores what the snapshot already held", () => {
    const sequencer = new Sequencer({ epoch: EPOCH, seq: 3 });
    const verdicts = wholeRun().map((frame) => sequencer.accept(frame));
    expect(seqs(verdicts.flatMap((verdict) => verdict.deliver))).toEqual([4, 5, 6, 7, 8, 9, 10, 11]);
    expect(verdicts.some((verdict) => verdict.waiting)).toBe(false);
  });

  it("waits at a hole and says so", () => {
    const sequencer = new Sequencer({ epoch: EPOCH, seq: 0 });
    expect(sequencer.accept(accepted(2))).toEqual({ deliver: [], waiting: true, resync: false });
    expect(sequencer.accept(accepted(1))).toMatchObject({ waiting: false, deliver: [{ seq: 1 }, { seq: 2 }] });
  });

  it("lets frames without a position through, hole or not", () => {
    const sequencer = new Sequencer({ epoch: EPOCH, seq: 0 });
    sequencer.accept(accepted(2));
    expect(sequencer.accept(delta(0, "It")).deliver).toHaveLength(1);
  });

  it("asks for a resync when the history is another one", () => {
    const sequencer = new Sequencer({ epoch: EPOCH, seq: 0 });
    expect(sequencer.accept({ ...accepted(1), epoch: "e2" })).toEqual({ deliver: [], waiting: false, resync: true });
  });

  it("asks for a resync rather than holding without end", () => {
    const sequencer = new Sequencer({ epoch: EPOCH, seq: 0 });
    const verdicts = Array.from({ length: 600 }, (_, index) => sequencer.accept(accepted(index + 2)));
    expect(verdicts.at(-1)!.resync).toBe(true);
  });

  it("forgets what it held when it restarts from a snapshot", () => {
    const sequencer = new Sequencer({ epoch: EPOCH, seq: 0 });
    sequencer.accept(accepted(5));
    sequencer.restart({ epoch: "e2", seq: 4 });
    expect(sequencer.accept({ ...accepted(6), epoch: "e2" }).waiting).toBe(true);
  });
});
