import { listReports } from "../api/reports";
import { Empty, ProblemNote, Skeleton } from "../parts/Feedback";
import { formatMoney } from "../parts/format";
import { Icon } from "../parts/Icon";
import { formatInstant } from "../parts/time";
import { useApp } from "../state/app";
import { usePages } from "../state/pages";
import { hrefOf } from "../state/route";
import { useStore } from "../state/store";

export function ReportsPage() {
  const { http, system } = useApp();
  const timezone = useStore(system)?.timezone ?? "UTC";
  const { items, problem, more, next } = usePages((from, signal) => listReports(http, from, signal), [http]);

  return (
    <div className="column page">
      <h1>Reports</h1>
      {problem && <ProblemNote problem={problem} retry={next} />}
      {!items && !problem && <Skeleton lines={6} label="Loading the reports" />}
      {items?.length === 0 && (
        <Empty icon="report" title="No reports yet">
          <p>A question about savings ends in a report: what was found, proved and refused, with the query behind each figure.</p>
          <a className="button primary" href={hrefOf({ page: "ask" })}>Ask a question</a>
        </Empty>
      )}
      {items && items.length > 0 && (
        <ul className="report-list">
          {items.map((report) => (
            <li key={report.id}>
              <a href={hrefOf({ page: "report", reportId: report.id })}>
                <Icon name="report" />
                <span className="grow">
                  {report.title}
                  <span className="report-list-question">{report.question}</span>
                </span>
                <span className="report-list-facts">
                  {report.savings_usd !== null && <strong>{formatMoney(report.savings_usd)}</strong>}
                  <span className="faint small">{formatInstant(report.created_at, timezone)}</span>
                </span>
              </a>
            </li>
          ))}
        </ul>
      )}
      {more && <button type="button" className="button" onClick={next}>Older reports</button>}
    </div>
  );
}
