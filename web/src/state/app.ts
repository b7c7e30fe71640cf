import { createContext, useContext, useEffect, useState } from "react";
import type { HttpClient } from "../api/http";
import { isAborted, problemOf, type Problem } from "../api/problem";
import type { Figure, SystemInfo } from "../api/types";
import { Connection } from "../realtime/connection";
import { SessionKeeper } from "./session";
import { Store } from "./store";
import { createTheme, type Theme } from "./theme";
import { ThreadList } from "./threadList";

/** A figure that was opened: where it belongs makes its link. */
export interface OpenFigure {
  figure: Figure;
  runId: string | null;
}

/** Everything the page is made of, built once in `main.tsx`. */
export interface App {
  session: SessionKeeper;
  http: HttpClient;
  connection: Connection;
  threads: ThreadList;
  theme: Store<Theme>;
  system: Store<SystemInfo | null>;
  openFigure: Store<OpenFigure | null>;
  /** One sentence at a time for the screen reader and, briefly, the eye. */
  notice: Store<string>;
}

export function createApp(): App {
  const session = new SessionKeeper();
  const ticket = async (): Promise<string | null> => {
    try {
      const issued = await session.http.json<{ ticket: string }>("/v1/ws-tickets", { method: "POST" });
      return issued.ticket;
    } catch (error) {
      if (problemOf(error).status === 401) return null;
      throw error;
    }
  };
  return {
    session,
    http: session.http,
    connection: new Connection({ ticket, workspaceId: session.workspaceId }),
    threads: new ThreadList(session.http),
    theme: createTheme(),
    system: new Store<SystemInfo | null>(null),
    openFigure: new Store<OpenFigure | null>(null),
    notice: new Store(""),
  };
}

export const AppContext = createContext<App | null>(null);

export function useApp(): App {
  const app = useContext(AppContext);
  if (!app) throw new Error("AppContext is missing");
  return app;
}

export type Resource<T> =
  | { kind: "loading" }
  | { kind: "failed"; problem: Problem; retry: () => void }
  | { kind: "ready"; value: T; reload: () => void };

/** Loads on mount and whenever `key` changes; a reload keeps what is on screen until the new value is there. */
export function useResource<T>(key: string, load: (http: HttpClient, signal: AbortSignal) => Promise<T>): Resource<T> {
  const { http } = useApp();
  const [round, setRound] = useState(0);
  const [state, setState] = useState<{ key: string; value?: T; problem?: Problem }>({ key });
  useEffect(() => {
    const abort = new AbortController();
    load(http, abort.signal).then(
      (value) => {
        if (!abort.signal.aborted) setState({ key, value });
      },
      (error: unknown) => {
        if (!isAborted(error) && !abort.signal.aborted) setState({ key, problem: problemOf(error) });
      },
    );
    return () => abort.abort();
    // `load` is written inline by callers; `key` names what it loads.
  }, [http, key, round]);
  const again = () => setRound((value) => value + 1);
  if (state.key !== key) return { kind: "loading" };
  if (state.problem) return { kind: "failed", problem: state.problem, retry: again };
  if (!("value" in state)) return { kind: "loading" };
  return { kind: "ready", value: state.value as T, reload: again };
}
