import type { Cursor, Envelope } from "../api/types";
import { Store } from "../state/store";
import { backoffMs } from "./backoff";
import { CLOSE, parseFrame, payloadOf, type ClientFrame } from "./frames";

export type LineState =
  | { kind: "idle" }
  | { kind: "connecting" }
  | { kind: "live" }
  | { kind: "waiting"; retryAt: number; reason: string }
  | { kind: "offline" }
  | { kind: "refused"; reason: string };

export interface Subscriber {
  cursor(): Cursor | null;
  frame(frame: Envelope): void;
}

export interface Door {
  /** A one-time ticket for the handshake; null when nobody is signed in any more. */
  ticket(): Promise<string | null>;
  workspaceId(): string | null;
}

const PING_EVERY_MS = 25_000;
const SILENCE_MS = 60_000;

/**
 * The page's one socket. It is opened when something subscribes, authenticates with a ticket, speaks only after
 * `ready`, and after a loss comes back from each subscriber's cursor with backoff and jitter.
 */
export class Connection {
  readonly state = new Store<LineState>({ kind: "idle" });
  private socket: WebSocket | null = null;
  private ready = false;
  private attempt = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private heartbeat: ReturnType<typeof setInterval> | undefined;
  private lastFrameAt = 0;
  private retryAfterMs: number | null = null;
  private generation = 0;
  private readonly subscribers = new Map<string, Subscriber>();

  constructor(
    private readonly door: Door,
    private readonly open: (url: string) => WebSocket = (url) => new WebSocket(url, "netra.v1"),
  ) {
    window.addEventListener("online", this.retryNow);
    window.addEventListener("offline", this.onOffline);
  }

  subscribe(threadId: string, subscriber: Subscriber): () => void {
    this.subscribers.set(threadId, subscriber);
    if (this.ready) this.sendSubscribe(threadId, subscriber);
    else this.connect();
    return () => {
      if (this.subscribers.get(threadId) !== subscriber) return;
      this.subscribers.delete(threadId);
      if (this.ready) this.send({ type: "unsubscribe", thread_id: threadId });
    };
  }

  /** After a resync: the same subscription, from the snapshot's cursor. */
  resubscribe(threadId: string): void {
    const subscriber = this.subscribers.get(threadId);
    if (subscriber && this.ready) this.sendSubscribe(threadId, subscriber);
  }

  /** Drops the socket and comes back at once: another workspace, or the user asked. */
  restart(): void {
    this.stop();
    if (this.subscribers.size > 0) this.connect();
  }

  stop(): void {
    this.generation += 1;
    clearTimeout(this.timer);
    this.timer = undefined;
    this.dropSocket();
    this.attempt = 0;
    this.state.set({ kind: "idle" });
  }

  retryNow = (): void => {
    if (this.ready || this.socket || this.subscribers.size === 0) return;
    this.attempt = 0;
    clearTimeout(this.timer);
    this.timer = undefined;
    this.connect();
  };

  private connect(): void {
    if (this.socket || this.timer !== undefined || this.state.get().kind === "connecting") return;
    if (!navigator.onLine) {
      this.state.set({ kind: "offline" });
      return;
    }
    this.state.set({ kind: "connecting" });
    void this.dial(++this.generation);
  }

  private async dial(generation: number): Promise<void> {
    let ticket: string | null = null;
    try {
      ticket = await this.door.ticket();
    } catch {
      if (generation === this.generation) this.wait("The server did not answer");
      return;
    }
    const workspaceId = this.door.workspaceId();
    if (generation !== this.generation) return;
    if (ticket === null || workspaceId === null) {
      this.state.set({ kind: "idle" });
      return;
    }
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = this.open(`${scheme}//${location.host}/ws`);
    const credential = ticket;
    this.socket = socket;
    socket.onopen = () => this.send({ type: "authenticate", ticket: credential, workspace_id: workspaceId });
    socket.onmessage = (event) => this.receive(event.data);
    socket.onclose = (event) => {
      if (this.socket === socket) this.onClose(event.code);
    };
  }

  private receive(text: unknown): void {
    this.lastFrameAt = Date.now();
    const frame = parseFrame(text);
    if (!frame) return;
    if (frame.type === "ready") this.onReady();
    else if (frame.type === "goodbye") this.retryAfterMs = payloadOf(frame, "goodbye").retry_after_ms ?? null;
    else if (frame.thread_id !== null) this.subscribers.get(frame.thread_id)?.frame(frame);
  }

  private onReady(): void {
    this.ready = true;
    this.attempt = 0;
    this.state.set({ kind: "live" });
    for (const [threadId, subscriber] of this.subscribers) this.sendSubscribe(threadId, subscriber);
    clearInterval(this.heartbeat);
    this.heartbeat = setInterval(() => {
      if (Date.now() - this.lastFrameAt > SILENCE_MS) this.lose("The line went silent");
      else this.send({ type: "ping" });
    }, PING_EVERY_MS);
  }

  private sendSubscribe(threadId: string, subscriber: Subscriber): void {
    const cursor = subscriber.cursor();
    this.send({ type: "subscribe", thread_id: threadId, ...(cursor ? { cursor } : {}) });
  }

  private send(frame: ClientFrame): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(frame));
  }

  private onClose(code: number): void {
    const wasReady = this.ready;
    this.dropSocket();
    if (code === CLOSE.forbidden || code === CLOSE.badFrame) {
      this.state.set({ kind: "refused", reason: reasonOf(code) });
      return;
    }
    // A session that merely came to the end of its token gets a new ticket without a pause.
    if (code === CLOSE.unauthenticated && wasReady) this.connectFresh();
    else this.wait(reasonOf(code));
  }

  private connectFresh(): void {
    this.state.set({ kind: "idle" });
    this.connect();
  }

  private lose(reason: string): void {
    this.dropSocket();
    this.wait(reason);
  }

  private wait(reason: string): void {
    if (!navigator.onLine) {
      this.state.set({ kind: "offline" });
      return;
    }
    const pause = this.retryAfterMs ?? backoffMs(this.attempt++);
    this.retryAfterMs = null;
    this.state.set({ kind: "waiting", retryAt: Date.now() + pause, reason });
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.connect();
    }, pause);
  }

  private onOffline = (): void => {
    if (this.state.get().kind === "idle") return;
    clearTimeout(this.timer);
    this.timer = undefined;
    this.generation += 1;
    this.dropSocket();
    this.state.set({ kind: "offline" });
  };

  private dropSocket(): void {
    clearInterval(this.heartbeat);
    const socket = this.socket;
    this.socket = null;
    this.ready = false;
    if (socket && socket.readyState <= WebSocket.OPEN) socket.close(1000);
  }
}

function reasonOf(code: number): string {
  if (code === CLOSE.restart) return "The server is restarting";
  if (code === CLOSE.tooSlow) return "This page read too slowly";
  if (code === CLOSE.tooManySockets) return "Too many pages are open";
  if (code === CLOSE.rate) return "Too many requests";
  if (code === CLOSE.forbidden) return "This workspace is closed to you";
  if (code === CLOSE.badFrame) return "The server did not understand this page; reload it";
  return "The line was lost";
}
