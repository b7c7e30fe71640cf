import { lazy, Suspense, useState } from "react";
import type { HttpClient } from "../api/http";
import { queryUsage, usageOverview, type UsageQuery } from "../api/usage";
import type { Figure, UsageOverview, UsageResult } from "../api/types";
import { ProblemNote, Skeleton } from "../parts/Feedback";
import { formatCount, formatMoney, UNPRICED } from "../parts/format";
import { Icon } from "../parts/Icon";
import { ImportForm } from "../parts/imports/ImportForm";
import { ImportHistory } from "../parts/imports/ImportHistory";
import { Tile } from "../parts/Tile";
import { formatPeriod } from "../parts/time";
import { useApp, useResource } from "../state/app";
import { mayImport, useRole } from "../state/roles";
import { useStore } from "../state/store";

const SpendView = lazy(async () => ({ default: (await import("../parts/charts/SpendView")).SpendView }));

/** Models listed before somebody asks for all. */
const MOST_MODELS = 25;
const MEASURES = ["cost_usd", "calls", "input_tokens", "output_tokens"];

interface UsageData {
  overview: UsageOverview;
  total: UsageResult | null;
  byModel: UsageResult | null;
  byDay: UsageResult | null;
}

async function loadUsage(http: HttpClient, signal: AbortSignal, timezone: string): Promise<UsageData> {
  const overview = await usageOverview(http, signal);
  if (overview.calls === 0) return { overview, total: null, byModel: null, byDay: null };
  const ask = (dimensions: string[], measures = MEASURES) => {
    const query: UsageQuery = { measures, dimensions, timezone, limit: 10_000 };
    return queryUsage(http, query, signal);
  };
  const [total, byModel, byDay] = await Promise.all([ask([]), ask(["model"]), ask(["day", "model"], ["cost_usd"])]);
  // More pairs of day and model than one answer holds: a chart of some of them would show too little spend.
  const whole = (byDay.row_count ?? byDay.rows.length) <= byDay.rows.length;
  return { overview, total, byModel, byDay: whole ? byDay : await ask(["day"], ["cost_usd"]) };
}

/** What flowed in and what it cost, and the door for more. */
export function UsagePage() {
  const { session, system } = useApp();
  const state = useStore(session.state);
  const timezone = useStore(system)?.timezone ?? "UTC";
  const workspace = state.kind === "signed-in" ? state.workspaceId : "";
  const usage = useResource(`usage:${workspace}:${timezone}`, (http, signal) => loadUsage(http, signal, timezone));
  const importer = mayImport(useRole());
  const [imports, setImports] = useState(0);
  const [importing, setImporting] = useState(false);

  const onImported = () => {
    // The form stays: it says what was stored and what was rejected.
    setImporting(true);
    onChanged();
  };
  const onChanged = () => {
    setImports((count) => count + 1);
    if (usage.kind === "ready") usage.reload();
    else if (usage.kind === "failed") usage.retry();
  };

  const empty = usage.kind === "ready" && usage.value.overview.calls === 0;
  return (
    <div className="column wide-column page">
      <div className="page-head">
        <h1>Usage</h1>
        {usage.kind === "ready" && !empty && importer && (
          <button type="button" className="button" aria-expanded={importing} onClick={() => setImporting(!importing)}>
            <Icon name="upload" size={14} /> Import a file
          </button>
        )}
      </div>
      {usage.kind === "loading" && <Skeleton lines={8} label="Loading the usage" />}
      {usage.kind === "failed" && <ProblemNote problem={usage.problem} retry={usage.retry} />}
      {empty && !importer && (
        <p className="lead">Nothing has been imported into this workspace. Your role here is viewer: an analyst, admin or owner of the workspace sends files.</p>
      )}
      {empty && importer && (
        <p className="lead">
          Nothing has been imported into this workspace. Send a file of calls here, or from the command line:{" "}
          <code>netra import calls.jsonl --format calls</code>
        </p>
      )}
      {importer && (empty || importing) && <ImportForm onImported={onImported} onFailed={() => setImports((count) => count + 1)} />}
      {usage.kind === "ready" && !empty && <Spend data={usage.value} timezone={timezone} />}
      <ImportHistory version={imports} onChanged={onChanged} />
    </div>
  );
}

function Spend({ data, timezone }: { data: UsageData; timezone: string }) {
  const { overview, total, byModel, byDay } = data;
  const sums = total?.rows[0] ?? {};
  const unpriced = total?.unpriced_calls ?? 0;
  return (
    <>
      <div className="page-head">
        <p className="faint">{formatPeriod(overview.since, overview.until, timezone)}</p>
        {total && <QueryButton label="Sums of all calls" result={total} />}
      </div>
      <dl className="tiles">
        <Tile label="Spend" value={formatMoney(text(sums.cost_usd))} note={unpriced > 0 ? `${formatCount(unpriced)} ${unpriced === 1 ? "call" : "calls"} unpriced, not counted` : "every call is priced"} strong />
        <Tile label="Calls" value={formatCount(sums.calls ?? overview.calls)} note="" />
        <Tile label="Input tokens" value={formatCount(sums.input_tokens ?? 0)} note="cached ones included" />
        <Tile label="Output tokens" value={formatCount(sums.output_tokens ?? 0)} note="reasoning included" />
      </dl>
      {byDay && <SpendByDay result={byDay} />}
      {byModel && <ModelTable result={byModel} />}
    </>
  );
}

function SpendByDay({ result }: { result: UsageResult }) {
  const points = result.rows
    .filter((row) => row.cost_usd !== null && row.cost_usd !== undefined)
    .map((row) => ({ day: String(row.day).slice(0, 10), series: "model" in row ? String(row.model || "not stated") : "all", cost_usd: String(row.cost_usd) }));
  if (points.length === 0) return null;
  const title = points[0]!.series === "all" ? "Spend by day" : "Spend by day and model";
  const chart = { title, caption: "", figure: null, points };
  const source = sourceOf(title, result);
  return (
    <Suspense fallback={<Skeleton lines={6} label="Drawing the chart" />}>
      <SpendView chart={chart} source={source} />
    </Suspense>
  );
}

/** Opens what is behind the numbers beside it. */
function QueryButton({ label, result }: { label: string; result: UsageResult }) {
  const { openFigure } = useApp();
  return (
    <button type="button" className="button ghost small" aria-haspopup="dialog" aria-label={`Query of ${label}`} onClick={() => openFigure.set({ figure: sourceOf(label, result), runId: null })}>
      Query
    </button>
  );
}

const sourceOf = (label: string, result: UsageResult): Figure => ({
  id: "usage",
  value: null,
  unit: "text",
  label,
  query: result.query,
  sql: result.sql,
  rows: result.calls ?? null,
  since: result.since ?? null,
  until: result.until ?? null,
});

function ModelTable({ result }: { result: UsageResult }) {
  const [all, setAll] = useState(false);
  const sorted = [...result.rows].sort((a, b) => Number(b.cost_usd ?? -1) - Number(a.cost_usd ?? -1));
  const rows = all ? sorted : sorted.slice(0, MOST_MODELS);
  return (
    <section className="report-part">
      <div className="page-head">
        <h2>By model</h2>
        <QueryButton label="Sums by model" result={result} />
      </div>
      <div className="table-scroll">
        <table>
          <thead>
            <tr>
              <th scope="col">Model</th>
              <th scope="col" className="number">Spend</th>
              <th scope="col" className="number">Calls</th>
              <th scope="col" className="number">Input tokens</th>
              <th scope="col" className="number">Output tokens</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={String(row.model)}>
                <th scope="row">{String(row.model || "not stated")}</th>
                <td className="number">{text(row.cost_usd) === null ? <span className="chip unknown">{UNPRICED}</span> : formatMoney(text(row.cost_usd))}</td>
                <td className="number">{formatCount(row.calls ?? 0)}</td>
                <td className="number">{formatCount(row.input_tokens ?? 0)}</td>
                <td className="number">{formatCount(row.output_tokens ?? 0)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {sorted.length > rows.length && (
        <div><button type="button" className="button small" onClick={() => setAll(true)}>All {formatCount(sorted.length)} models</button></div>
      )}
    </section>
  );
}

const text = (value: string | number | null | undefined): string | null =>
  value === null || value === undefined ? null : String(value);
