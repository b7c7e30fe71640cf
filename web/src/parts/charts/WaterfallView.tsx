import { Bar, BarChart, CartesianGrid, Cell, LabelList, ResponsiveContainer, Tooltip, XAxis, YAxis } from "recharts";
import type { WaterfallChart } from "../../api/document";
import type { Figure } from "../../api/types";
import { formatMoney } from "../format";
import { ChartFrame } from "./ChartFrame";
import { AXIS, axisMoney, GRID, shorten } from "./palette";
import { Tip } from "./Tip";

/** From today's spend through each change to what remains when all of them are replayed together. */
export function WaterfallView({ chart, source, runId }: { chart: WaterfallChart; source: Figure | null; runId: string | null }) {
  const rows = waterfallRows(chart);
  const table = { columns: ["Step", "Amount"], rows: rows.map((row) => [row.label, row.shown]) };
  return (
    <ChartFrame title={chart.title} caption={chart.caption} table={table} source={source} runId={runId}>
      <ResponsiveContainer width="100%" height={250}>
        <BarChart data={rows} margin={{ top: 18, right: 4, bottom: 0, left: 0 }} barCategoryGap="22%" maxBarSize={64}>
          <CartesianGrid vertical={false} {...GRID} />
          <XAxis dataKey="label" interval={0} tickFormatter={(label: string) => shorten(label, 14)} {...AXIS} />
          <YAxis width={52} tickFormatter={axisMoney} {...AXIS} />
          <Tooltip
            isAnimationActive={false}
            cursor={{ fill: "var(--hover)" }}
            content={({ active, payload }) => {
              const row = payload?.[0]?.payload as WaterfallRow | undefined;
              return active && row ? <Tip title={row.label} lines={[{ name: row.kind === "total" ? "spend" : "change", value: row.shown }]} /> : null;
            }}
          />
          <Bar dataKey="span" radius={3} isAnimationActive={false}>
            {rows.map((row) => <Cell key={row.label} fill={COLOURS[row.kind]} />)}
            <LabelList dataKey="shown" position="top" fontSize={11} fill="var(--ink-2)" />
          </Bar>
        </BarChart>
      </ResponsiveContainer>
    </ChartFrame>
  );
}

interface WaterfallRow {
  label: string;
  kind: "total" | "less" | "more";
  span: [number, number];
  shown: string;
}

const COLOURS: Record<WaterfallRow["kind"], string> = { total: "var(--s1)", less: "var(--good)", more: "var(--bad)" };

/** Each step hangs between the level before it and the level after it. */
export function waterfallRows(chart: Pick<WaterfallChart, "baseline_usd" | "steps" | "after_usd">): WaterfallRow[] {
  let level = Number(chart.baseline_usd);
  const rows: WaterfallRow[] = [{ label: "today", kind: "total", span: [0, level], shown: formatMoney(chart.baseline_usd) }];
  for (const step of chart.steps) {
    const change = Number(step.change_usd);
    const next = level + change;
    rows.push({
      label: step.label,
      kind: change <= 0 ? "less" : "more",
      span: [Math.min(level, next), Math.max(level, next)],
      shown: formatMoney(step.change_usd),
    });
    level = next;
  }
  rows.push({ label: "afterwards", kind: "total", span: [0, Number(chart.after_usd)], shown: formatMoney(chart.after_usd) });
  return rows;
}
