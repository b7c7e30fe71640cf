import { useSyncExternalStore } from "react";

/** Where the page is. Everything a person may want to link to has an address behind the `#`. */
export type Route =
  | { page: "ask" }
  | { page: "thread"; threadId: string }
  | { page: "reports" }
  | { page: "report"; reportId: string }
  | { page: "usage" }
  | { page: "import"; importId: string }
  | { page: "members" }
  | { page: "join"; code: string | null }
  | { page: "figure"; runId: string; figureId: string };

export function parseRoute(hash: string): Route {
  const [first = "", second, third] = hash.replace(/^#\/?/, "").split("/").map(decoded);
  if (first === "threads" && second) return { page: "thread", threadId: second };
  if (first === "reports") return second ? { page: "report", reportId: second } : { page: "reports" };
  if (first === "members") return { page: "members" };
  if (first === "join") return { page: "join", code: second ?? null };
  if (first === "imports" && second) return { page: "import", importId: second };
  if (first === "usage" || first === "imports") return { page: "usage" };
  if (first === "figures" && second && third) return { page: "figure", runId: second, figureId: third };
  return { page: "ask" };
}

export function hrefOf(route: Route): string {
  switch (route.page) {
    case "ask": return "#/";
    case "thread": return `#/threads/${route.threadId}`;
    case "reports": return "#/reports";
    case "report": return `#/reports/${route.reportId}`;
    case "usage": return "#/usage";
    case "import": return `#/imports/${route.importId}`;
    case "members": return "#/members";
    case "join": return route.code ? `#/join/${encodeURIComponent(route.code)}` : "#/join";
    case "figure": return `#/figures/${route.runId}/${encodeURIComponent(route.figureId)}`;
  }
}

export function navigate(route: Route, options: { replace?: boolean } = {}): void {
  const href = hrefOf(route);
  if (options.replace) {
    history.replaceState(null, "", href);
    window.dispatchEvent(new HashChangeEvent("hashchange"));
  } else location.hash = href;
}

const subscribe = (listener: () => void): (() => void) => {
  window.addEventListener("hashchange", listener);
  return () => window.removeEventListener("hashchange", listener);
};

export const useHash = (): string => useSyncExternalStore(subscribe, () => location.hash);

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
