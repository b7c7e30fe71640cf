import { useEffect } from "react";
import type { SystemInfo } from "../api/types";
import { ProblemNote, Skeleton } from "../parts/Feedback";
import { Mark } from "../parts/Icon";
import { Shell } from "../parts/Shell";
import { useApp } from "../state/app";
import { parseRoute, useHash, type Route } from "../state/route";
import { useStore } from "../state/store";
import { AskPage } from "./AskPage";
import { FigurePage } from "./FigurePage";
import { ImportPage } from "./ImportPage";
import { JoinPage, MembersPage } from "./MembersPage";
import { ReportPage } from "./ReportPage";
import { ReportsPage } from "./ReportsPage";
import { SignInPage } from "./SignInPage";
import { ThreadPage } from "./ThreadPage";
import { UsagePage } from "./UsagePage";

/** Decides between the door and the house. */
export function Root() {
  const { session } = useApp();
  const state = useStore(session.state);
  switch (state.kind) {
    case "loading": return <main className="sign-in"><div className="opening"><Mark size={40} /><Skeleton lines={2} label="Opening Netra" /></div></main>;
    case "unreachable": return <main className="sign-in"><div className="sign-in-card"><ProblemNote problem={state.problem} retry={() => void session.restore()} /></div></main>;
    case "signed-out": return <SignInPage notice={state.notice} />;
    case "signed-in": return <SignedIn key={state.workspaceId} userId={state.user.id} />;
  }
}

/** Mounted anew for each workspace: nothing of another one stays on screen or subscribed. */
function SignedIn({ userId }: { userId: string }) {
  const { http, threads, connection, system } = useApp();
  const route = parseRoute(useHash());
  useEffect(() => {
    connection.restart();
    void threads.reload();
    http.json<SystemInfo>("/v1/system").then((info) => system.set(info), () => undefined);
    return () => connection.stop();
  }, [http, threads, connection, system, userId]);
  return <Shell route={route}><Place route={route} /></Shell>;
}

function Place({ route }: { route: Route }) {
  switch (route.page) {
    case "ask": return <AskPage />;
    case "thread": return <ThreadPage key={route.threadId} threadId={route.threadId} />;
    case "reports": return <ReportsPage />;
    case "report": return <ReportPage key={route.reportId} reportId={route.reportId} />;
    case "usage": return <UsagePage />;
    case "import": return <ImportPage key={route.importId} importId={route.importId} />;
    case "members": return <MembersPage />;
    case "join": return <JoinPage key={route.code} code={route.code} />;
    case "figure": return <FigurePage runId={route.runId} figureId={route.figureId} />;
  }
}
