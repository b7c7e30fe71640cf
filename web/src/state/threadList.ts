import { deleteThread, listThreads, renameThread } from "../api/conversations";
import type { HttpClient } from "../api/http";
import { isAborted, problemOf, type Problem } from "../api/problem";
import type { Thread } from "../api/types";
import { Store } from "./store";

export interface ThreadListState {
  items: Thread[];
  nextCursor: string | null;
  loading: boolean;
  problem: Problem | null;
}

const EMPTY: ThreadListState = { items: [], nextCursor: null, loading: true, problem: null };

/** The conversations of the chosen workspace, newest first, a page at a time. */
export class ThreadList {
  readonly state = new Store<ThreadListState>(EMPTY);
  private abort = new AbortController();

  constructor(private readonly http: HttpClient) {}

  /** Starts over: at load and when another workspace is chosen. */
  async reload(): Promise<void> {
    this.abort.abort();
    this.abort = new AbortController();
    this.state.set(EMPTY);
    await this.fetch(null);
  }

  async more(): Promise<void> {
    const { nextCursor, loading } = this.state.get();
    if (nextCursor === null || loading) return;
    this.state.update((state) => ({ ...state, loading: true }));
    await this.fetch(nextCursor);
  }

  async rename(id: string, title: string): Promise<void> {
    await renameThread(this.http, id, title);
    this.state.update((state) => ({
      ...state,
      items: state.items.map((thread) => (thread.id === id ? { ...thread, title } : thread)),
    }));
  }

  async remove(id: string): Promise<void> {
    await deleteThread(this.http, id);
    this.state.update((state) => ({ ...state, items: state.items.filter((thread) => thread.id !== id) }));
  }

  /** Something happened in a thread: it moves to the top with what is now known of it. */
  touch(thread: Thread): void {
    this.state.update((state) => {
      const known = state.items.find((item) => item.id === thread.id);
      const moved = { ...known, ...thread, updated_at: new Date().toISOString() };
      return { ...state, items: [moved, ...state.items.filter((item) => item.id !== thread.id)] };
    });
  }

  private async fetch(cursor: string | null): Promise<void> {
    const { signal } = this.abort;
    try {
      const page = await listThreads(this.http, cursor, signal);
      this.state.update((state) => {
        const known = new Set(state.items.map((thread) => thread.id));
        const fresh = page.items.filter((thread) => !known.has(thread.id));
        return { items: [...state.items, ...fresh], nextCursor: page.next_cursor, loading: false, problem: null };
      });
    } catch (error) {
      if (isAborted(error)) return;
      this.state.update((state) => ({ ...state, loading: false, problem: problemOf(error) }));
    }
  }
}
