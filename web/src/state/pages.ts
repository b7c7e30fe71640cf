import { useEffect, useState } from "react";
import { isAborted, problemOf, type Problem } from "../api/problem";
import type { Page } from "../api/types";

export interface Pages<Item> {
  /** What was read so far; null before the first page. */
  items: Item[] | null;
  problem: Problem | null;
  /** Whether there are older ones. */
  more: boolean;
  /** Read the next page, or the one that failed again. */
  next: () => void;
}

/** A list read a page at a time, from the first page again whenever one of `sources` changes. */
export function usePages<Item>(
  read: (from: string | null, signal?: AbortSignal) => Promise<Page<Item>>,
  sources: readonly unknown[],
): Pages<Item> {
  const [items, setItems] = useState<Item[] | null>(null);
  const [cursor, setCursor] = useState<string | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const load = async (from: string | null, signal?: AbortSignal) => {
    setProblem(null);
    try {
      const page = await read(from, signal);
      setItems((known) => (from ? [...(known ?? []), ...page.items] : page.items));
      setCursor(page.next_cursor);
    } catch (error) {
      if (!isAborted(error)) setProblem(problemOf(error));
    }
  };
  useEffect(() => {
    const abort = new AbortController();
    void load(null, abort.signal);
    return () => abort.abort();
  }, sources);
  return { items, problem, more: cursor !== null, next: () => void load(cursor) };
}
