import { useEffect, useState } from "react";
import type { LineState } from "../realtime/connection";
import { useApp } from "../state/app";
import { useStore } from "../state/store";
import { Icon } from "./Icon";
import { Spinner } from "./Feedback";

const PATIENCE_MS = 1200;

/** Says when the page is not live, and why. A hiccup that heals by itself is not worth a word. */
export function LineBanner() {
  const { connection } = useApp();
  const state = useStore(connection.state);
  const quiet = state.kind === "live" || state.kind === "idle";
  const [shown, setShown] = useState(false);
  useEffect(() => {
    if (quiet) {
      setShown(false);
      return;
    }
    const timer = setTimeout(() => setShown(true), state.kind === "offline" ? 0 : PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [quiet, state.kind]);
  if (quiet || !shown) return null;
  return (
    <div className="line-banner" role="status">
      {state.kind === "connecting" ? <Spinner /> : <Icon name="offline" />}
      <span>{sentence(state)}</span>
      {state.kind === "waiting" && (
        <button type="button" className="button small" onClick={connection.retryNow}>Connect now</button>
      )}
    </div>
  );
}

function sentence(state: LineState): string {
  switch (state.kind) {
    case "offline": return "You are offline. What you see stays; it goes on when the network is back.";
    case "connecting": return "Connecting to the server";
    case "waiting": return `${state.reason}. Trying again; nothing is lost, the run goes on at the server.`;
    case "refused": return `${state.reason}.`;
    default: return "";
  }
}
