import { Bar, BarChart, LabelList, ResponsiveContainer, Tooltip, XAxis, YAxis } from "recharts";
import type { BarsChart } from "../../api/document";
import { formatPercent } from "../format";
import { ChartFrame, type ChartProps } from "./ChartFrame";
import { AXIS, axisUnit, exactUnit, labelWidth, seriesColour, shorten } from "./palette";
import { Tip } from "./Tip";

export function BarsView({ chart, source, runId, wide }: ChartProps<BarsChart>) {
  const rows = chart.bars.map((bar) => ({
    label: bar.label,
    drawn: Number(bar.value),
    shown: exactUnit(bar.value, chart.unit),
    share: bar.share_pct === null ? "" : formatPercent(bar.share_pct),
  }));
  const table = { columns: ["Name", "Value", "Share"], rows: rows.map((row) => [row.label, row.shown, row.share]) };
  return (
    <ChartFrame title={chart.title} caption={chart.caption} table={table} source={source} runId={runId} wide={wide}>
      <ResponsiveContainer width="100%" height={rows.length * 34 + 30}>
        <BarChart data={rows} layout="vertical" margin={{ top: 0, right: 72, bottom: 0, left: 0 }} maxBarSize={18}>
          <XAxis type="number" tickFormatter={axisUnit(chart.unit)} {...AXIS} />
          <YAxis type="category" dataKey="label" width={labelWidth(rows.map((row) => row.label))} tickFormatter={(label: string) => shorten(label, 46)} {...AXIS} stroke="var(--ink-2)" />
          <Tooltip
            isAnimationActive={false}
            cursor={{ fill: "var(--hover)" }}
            content={({ active, payload }) => {
              const row = payload?.[0]?.payload as (typeof rows)[number] | undefined;
              return active && row ? <Tip title={row.label} lines={[{ name: "value", value: row.shown }, ...(row.share ? [{ name: "share", value: row.share }] : [])]} /> : null;
            }}
          />
          <Bar dataKey="drawn" fill={seriesColour(0)} radius={[0, 3, 3, 0]} isAnimationActive={false}>
            <LabelList dataKey="shown" position="right" fontSize={11} fill="var(--ink-2)" />
          </Bar>
        </BarChart>
      </ResponsiveContainer>
    </ChartFrame>
  );
}
