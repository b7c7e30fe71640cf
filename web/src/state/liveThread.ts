import type { HttpClient } from "../api/http";
import { isAborted, problemOf, type Problem } from "../api/problem";
import type { Cursor, Envelope, ThreadSnapshot } from "../api/types";
import { backoffMs } from "../realtime/backoff";
import type { Connection } from "../realtime/connection";
import { payloadOf } from "../realtime/frames";
import { Sequencer } from "../realtime/sequencer";
import { foldAll, foldEvent } from "./fold";
import { Store } from "./store";
import { viewOfSnapshot, type ThreadView } from "./thread";

export type LiveState =
  | { kind: "loading" }
  | { kind: "failed"; problem: Problem }
  | { kind: "open"; view: ThreadView };

const HOLE_PATIENCE_MS = 1500;

/** One open conversation: the snapshot, then every event after its cursor, for as long as it is on screen. */
export class LiveThread {
  readonly state = new Store<LiveState>({ kind: "loading" });
  private readonly abort = new AbortController();
  private sequencer: Sequencer | null = null;
  private leave: (() => void) | null = null;
  private holeTimer: ReturnType<typeof setTimeout> | undefined;
  private loading: Promise<void> | null = null;
  private resyncs = 0;
  private resyncTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly threadId: string,
    private readonly http: HttpClient,
    private readonly connection: Connection,
    private readonly onThreadChanged: (view: ThreadView) => void = () => undefined,
  ) {}

  open(): void {
    void this.load();
  }

  close(): void {
    this.abort.abort();
    clearTimeout(this.holeTimer);
    clearTimeout(this.resyncTimer);
    this.leave?.();
  }

  /** Fetches the snapshot and goes on from its cursor. Also what a resync and a hole that stays open lead to. */
  load = (): Promise<void> => {
    this.loading ??= this.loadOnce().finally(() => {
      this.loading = null;
    });
    return this.loading;
  };

  private async loadOnce(): Promise<void> {
    try {
      const path = `/v1/threads/${this.threadId}`;
      const snapshot = await this.http.json<ThreadSnapshot>(path, { signal: this.abort.signal });
      if (this.abort.signal.aborted) return;
      this.restart(snapshot.cursor);
      this.state.set({ kind: "open", view: foldAll(viewOfSnapshot(snapshot), snapshot.events) });
      if (this.leave) this.connection.resubscribe(this.threadId);
      else this.leave = this.connection.subscribe(this.threadId, this.subscriber());
    } catch (error) {
      if (isAborted(error)) return;
      // A view that is already open stays on screen; the line's state tells that it is not live.
      const problem = problemOf(error);
      const gone = problem.status === 404;
      if (gone || this.state.get().kind !== "open") this.state.set({ kind: "failed", problem });
    }
  }

  private restart(cursor: Cursor): void {
    clearTimeout(this.holeTimer);
    this.holeTimer = undefined;
    if (this.sequencer) this.sequencer.restart(cursor);
    else this.sequencer = new Sequencer(cursor);
  }

  private subscriber() {
    return {
      cursor: () => this.sequencer?.cursor ?? null,
      frame: (frame: Envelope) => this.receive(frame),
    };
  }

  private receive(frame: Envelope): void {
    if (frame.type === "resync") this.resync();
    else if (frame.type === "subscribed") {
      if (payloadOf(frame, "subscribed").recovered) this.resyncs = 0;
    } else if (frame.type !== "error") this.take(frame);
  }

  /** The first time at once; a server that keeps asking gets a pause between, not a loop. */
  private resync(): void {
    const pause = this.resyncs === 0 ? 0 : backoffMs(this.resyncs);
    this.resyncs += 1;
    clearTimeout(this.resyncTimer);
    if (pause === 0) void this.load();
    else this.resyncTimer = setTimeout(() => void this.load(), pause);
  }

  private take(frame: Envelope): void {
    const state = this.state.get();
    if (state.kind !== "open" || !this.sequencer) return;
    const { deliver, waiting, resync } = this.sequencer.accept(frame);
    const view = deliver.reduce(foldEvent, state.view);
    if (view !== state.view) {
      this.state.set({ kind: "open", view });
      if (deliver.some((event) => CHANGES_LIST.has(event.type))) this.onThreadChanged(view);
    }
    if (resync) void this.load();
    this.watchHole(waiting);
  }

  /** The server fills holes itself; one that stays open means this page lost something for good. */
  private watchHole(waiting: boolean): void {
    if (!waiting) {
      clearTimeout(this.holeTimer);
      this.holeTimer = undefined;
    } else this.holeTimer ??= setTimeout(() => void this.load(), HOLE_PATIENCE_MS);
  }
}

const CHANGES_LIST: ReadonlySet<string> = new Set(["message_accepted", "state_changed", "agent_completed"]);
