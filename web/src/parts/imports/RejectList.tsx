import { useEffect, useState } from "react";
import { problemOf, type Problem } from "../../api/problem";
import { importRejects } from "../../api/usage";
import { useApp } from "../../state/app";
import { CopyButton } from "../CopyButton";
import { ProblemNote, Skeleton } from "../Feedback";

const MOST_SHOWN = 20_000;

/** The rejected rows with line and reason, fetched when somebody looks. */
export function RejectList({ importId, open = false }: { importId: string; open?: boolean }) {
  const { http } = useApp();
  const [shown, setShown] = useState(open);
  const [text, setText] = useState<string | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  useEffect(() => {
    if (!shown || text !== null) return;
    importRejects(http, importId).then(setText, (error: unknown) => setProblem(problemOf(error)));
  }, [shown, text, http, importId]);
  return (
    <details className="rejects" open={open} onToggle={(event) => setShown(event.currentTarget.open)}>
      <summary>Rejected rows: line and reason</summary>
      {problem && <ProblemNote problem={problem} />}
      {shown && text === null && !problem && <Skeleton lines={3} label="Loading the rejected rows" />}
      {text !== null && (
        <>
          <pre tabIndex={0}>{text.slice(0, MOST_SHOWN)}{text.length > MOST_SHOWN && "\n…"}</pre>
          <CopyButton text={text} label="Copy all" />
        </>
      )}
    </details>
  );
}
