import { Bar, BarChart, CartesianGrid, Cell, LabelList, ResponsiveContainer, Tooltip, XAxis, YAxis } from "recharts";
import type { WaterfallChart } from "../../api/document";
import { formatMoney } from "../format";
import { ChartFrame, type ChartProps } from "./ChartFrame";
import { AXIS, axisMoney, GRID, labelWidth, shorten } from "./palette";
import { Tip } from "./Tip";

/** From today's spend through each change to what remains when all of them are replayed together. */
export function WaterfallView({ chart, source, runId, wide }: ChartProps<WaterfallChart>) {
  const rows = waterfallRows(chart);
  const table = { columns: ["Step", "Amount"], rows: rows.map((row) => [row.label, row.shown]) };
  return (
    <ChartFrame title={chart.title} caption={chart.caption} table={table} source={source} runId={runId} wide={wide}>
      <ResponsiveContainer width="100%" height={rows.length * 38 + 34}>
        <BarChart data={rows} layout="vertical" margin={{ top: 0, right: 72, bottom: 0, left: 0 }} maxBarSize={18}>
          <CartesianGrid horizontal={false} {...GRID} />
          <XAxis type="number" tickFormatter={axisMoney} {...AXIS} />
          <YAxis type="category" dataKey="label" width={labelWidth(rows.map((row) => row.label))} tickFormatter={(label: string) => shorten(label, 46)} {...AXIS} stroke="var(--ink-2)" />
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
            <LabelList dataKey="shown" position="right" fontSize={11} fill="var(--ink-2)" />
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

const COLOURS: Record<WaterfallRow["kind"], string> = { total: "var(--s7)", less: "var(--good)", more: "var(--bad)" };

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
