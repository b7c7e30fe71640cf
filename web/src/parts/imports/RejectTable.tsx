import { useEffect, useState } from "react";
import { rejectsBlob, RejectReader } from "../../api/rejects";
import { isAborted, problemOf, type Problem } from "../../api/problem";
import { useApp } from "../../state/app";
import { saveBlob } from "../download";
import { ProblemNote, Skeleton } from "../Feedback";
import { formatCount } from "../format";
import { Icon } from "../Icon";
import { useAction } from "../ThreadDialogs";

const ROWS_A_PAGE = 20;

/** The rejected rows with line, column and reason, a page at a time. `total`: how many there are. */
export function RejectTable({ importId, total }: { importId: string; total: number }) {
  const { http } = useApp();
  const [reader] = useState(() => new RejectReader(http, importId));
  const [page, setPage] = useState(0);
  const [shown, setShown] = useState<number | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [round, setRound] = useState(0);
  const saving = useAction();
  useEffect(() => {
    const abort = new AbortController();
    reader.readTo((page + 1) * ROWS_A_PAGE, abort.signal).then(
      () => setShown(page),
      (error: unknown) => {
        if (!isAborted(error)) setProblem(problemOf(error));
      },
    );
    return () => abort.abort();
  }, [reader, page, round]);

  if (problem) {
    const again = () => {
      setProblem(null);
      setRound(round + 1);
    };
    return <ProblemNote problem={problem} retry={again} />;
  }
  if (shown === null) return <Skeleton lines={4} label="Loading the rejected rows" />;
  const first = shown * ROWS_A_PAGE;
  const rows = reader.rows.slice(first, first + ROWS_A_PAGE);
  const known = reader.complete ? reader.rows.length : Math.max(total, reader.rows.length);
  if (rows.length === 0) return <p className="faint">The file of rejected rows is no longer on the server.</p>;
  return (
    <div className="rejects">
      <div className="table-scroll">
        <table>
          <thead>
            <tr><th scope="col" className="number">Line</th><th scope="col">Column</th><th scope="col">Reason</th></tr>
          </thead>
          <tbody>
            {rows.map((row, at) => (
              <tr key={first + at}>
                <td className="number">{formatCount(row.line)}</td>
                <td>{row.column ? <code>{row.column}</code> : <span className="faint">whole row</span>}</td>
                <td className="wrap-anywhere">{row.reason}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <div className="row wrap pager">
        <span className="small faint grow" role="status">{formatCount(first + 1)} to {formatCount(first + rows.length)} of {formatCount(known)} rejected rows</span>
        {known > ROWS_A_PAGE && (
          <>
            <button type="button" className="button small" disabled={page === 0 || page !== shown} onClick={() => setPage(page - 1)}>Previous</button>
            <button type="button" className="button small" disabled={first + rows.length >= known || page !== shown} onClick={() => setPage(page + 1)}>Next</button>
          </>
        )}
        <button type="button" className="button small" disabled={saving.busy} onClick={() => void saving.run(async () => saveBlob(await rejectsBlob(http, importId), `${importId}-rejects.jsonl`))}>
          <Icon name="download" size={14} /> All, as JSONL
        </button>
      </div>
      {saving.problem && <ProblemNote problem={saving.problem} />}
    </div>
  );
}
