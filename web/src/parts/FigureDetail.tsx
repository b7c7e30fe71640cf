import type { Figure } from "../api/types";
import { useApp } from "../state/app";
import { hrefOf } from "../state/route";
import { useStore } from "../state/store";
import { CallsBehind } from "./CallsBehind";
import { CopyButton } from "./CopyButton";
import { formatCount, formatFigure } from "./format";
import { formatPeriod } from "./time";

/** What is behind a figure: value, period, rows read, the typed query and the SQL it became. */
export function FigureDetail({ figure, runId }: { figure: Figure; runId: string | null }) {
  const { system } = useApp();
  const timezone = useStore(system)?.timezone ?? "UTC";
  const query = figure.query === undefined || figure.query === null ? "" : JSON.stringify(figure.query, null, 2);
  const link = runId ? new URL(hrefOf({ page: "figure", runId, figureId: figure.id }), location.href).href : null;
  /** A table or chart has no value of its own, only what is behind it. */
  const single = figure.value !== null || figure.unit !== "text";
  const exact = figure.value === null || figure.unit === "text" ? null : String(figure.value);
  return (
    <div className="figure-detail">
      <p className="figure-label">{figure.label}</p>
      {single && <p className="figure-big">{formatFigure(figure)}</p>}
      <dl className="facts">
        {exact !== null && (
          <div><dt>Exact value</dt><dd className="mono">{exact} <span className="faint">{figure.unit}</span></dd></div>
        )}
        <div><dt>Rows read</dt><dd>{figure.rows === null || figure.rows === undefined ? "not stated" : formatCount(figure.rows)}</dd></div>
        <div><dt>Period</dt><dd>{formatPeriod(figure.since, figure.until, timezone)}</dd></div>
        {single && <div><dt>Figure</dt><dd className="mono">{figure.id}</dd></div>}
      </dl>
      <div className="row wrap">
        {single && <CopyButton text={exact ?? String(figure.value ?? "")} label="Copy value" />}
        {link && <CopyButton text={link} label="Copy link" icon="link" />}
      </div>
      <CallsBehind query={figure.query} />
      {query && query !== "{}" && <Code title="Query" text={query} />}
      {figure.sql && <Code title="SQL" text={figure.sql} />}
    </div>
  );
}

function Code({ title, text }: { title: string; text: string }) {
  return (
    <section className="code-block" aria-label={title}>
      <header>
        <h3>{title}</h3>
        <CopyButton text={text} label={`Copy ${title.toLowerCase()}`} compact />
      </header>
      <pre tabIndex={0}><code>{text}</code></pre>
    </section>
  );
}
