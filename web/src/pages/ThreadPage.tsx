import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { sendMessage } from "../api/conversations";
import { problemOf, type Problem } from "../api/problem";
import { Composer } from "../parts/Composer";
import { Empty, ProblemNote, Skeleton } from "../parts/Feedback";
import { RunBlock } from "../parts/RunBlock";
import { useApp } from "../state/app";
import { LiveThread } from "../state/liveThread";
import { hrefOf } from "../state/route";
import { useStore } from "../state/store";
import { answerText, isLive, liveRun, type ThreadView } from "../state/thread";

/** One conversation, live. */
export function ThreadPage({ threadId }: { threadId: string }) {
  const { http, connection, threads } = useApp();
  const [live, setLive] = useState<LiveThread | null>(null);
  useEffect(() => {
    const opened = new LiveThread(threadId, http, connection, (view) => threads.touch(view.thread));
    setLive(opened);
    opened.open();
    return () => opened.close();
  }, [threadId, http, connection, threads]);
  return live && live.threadId === threadId ? <LiveConversation live={live} /> : <Waiting />;
}

const Waiting = () => <div className="column"><Skeleton lines={7} label="Loading the conversation" /></div>;

function LiveConversation({ live }: { live: LiveThread }) {
  const state = useStore(live.state);
  if (state.kind === "loading") return <Waiting />;
  if (state.kind === "failed") {
    if (state.problem.status === 404) {
      return (
        <Empty icon="ask" title="This conversation is not here">
          <p>It was deleted, or it belongs to another workspace.</p>
          <a className="button" href={hrefOf({ page: "ask" })}>Ask something new</a>
        </Empty>
      );
    }
    return <div className="column"><ProblemNote problem={state.problem} retry={() => void live.load()} /></div>;
  }
  return <Conversation live={live} view={state.view} />;
}

function Conversation({ live, view }: { live: LiveThread; view: ThreadView }) {
  const { http } = useApp();
  const [problem, setProblem] = useState<Problem | null>(null);
  const running = liveRun(view);
  const end = useFollow(view);

  const ask = async (text: string): Promise<boolean> => {
    setProblem(null);
    try {
      await sendMessage(http, live.threadId, text, crypto.randomUUID());
      return true;
    } catch (error) {
      setProblem(problemOf(error));
      return false;
    }
  };

  return (
    <div className="conversation">
      <div className="column turns">
        <h1 className="visually-hidden">{view.thread.title || "Conversation"}</h1>
        {view.turns.map((turn, index) => (
          <article className="turn" key={turn.runId} aria-label={`Question ${index + 1}`}>
            <h2 className="question">{turn.question}</h2>
            <RunBlock run={turn.run} latest={index === view.turns.length - 1} />
          </article>
        ))}
        <SpokenStatus view={view} />
        <div ref={end} className="end-mark" />
      </div>
      <div className="composer-dock">
        <div className="column">
          {problem && <ProblemNote problem={problem} />}
          <Composer onSend={ask} busy={running !== null} placeholder="Ask a follow-up" />
        </div>
      </div>
    </div>
  );
}

/** The end of an answer is said once, whole; its tokens are not. */
function SpokenStatus({ view }: { view: ThreadView }) {
  const last = view.turns.at(-1)?.run;
  const wasLive = useRef(false);
  const [said, setSaid] = useState("");
  useEffect(() => {
    if (!last) return;
    if (isLive(last)) {
      if (!wasLive.current) setSaid("The agents are working on it.");
      wasLive.current = true;
    } else if (wasLive.current) {
      wasLive.current = false;
      const text = answerText(last).replace(/\{\{[^}]*\}\}|[*`#|]/g, " ");
      setSaid(last.status === "completed" ? `The answer is here. ${text}` : "The run ended without an answer.");
    }
  }, [last]);
  return <p className="visually-hidden" role="status" aria-live="polite">{said}</p>;
}

/** Keeps the newest text in sight while the reader is at the end, and lets go once they scroll up. */
function useFollow(view: ThreadView) {
  const end = useRef<HTMLDivElement>(null);
  const following = useRef(true);
  const turns = view.turns.length;
  useEffect(() => {
    const pane = end.current?.closest("main");
    if (!pane) return;
    const onScroll = () => {
      following.current = pane.scrollHeight - pane.scrollTop - pane.clientHeight < 120;
    };
    pane.addEventListener("scroll", onScroll, { passive: true });
    return () => pane.removeEventListener("scroll", onScroll);
  }, []);
  useLayoutEffect(() => {
    following.current = true;
  }, [turns]);
  useLayoutEffect(() => {
    if (following.current && liveRun(view)) end.current?.scrollIntoView({ block: "end" });
  }, [view]);
  return end;
}
