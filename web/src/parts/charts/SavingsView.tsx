import { Bar, BarChart, CartesianGrid, Cell, ErrorBar, ReferenceLine, ResponsiveContainer, Tooltip, XAxis, YAxis } from "recharts";
import type { SavingsChart } from "../../api/document";
import { formatMoney } from "../format";
import { ChartFrame, type ChartProps } from "./ChartFrame";
import { AXIS, axisMoney, GRID, labelWidth, shorten, VERDICT_COLOUR } from "./palette";
import { roundTicks } from "./series";
import { Tip } from "./Tip";

/** What each change would save, with its 95 % interval. Left of zero it would lose money. */
export function SavingsView({ chart, source, runId, wide }: ChartProps<SavingsChart>) {
  const rows = chart.bars.map((bar) => {
    const saving = Number(bar.savings_usd);
    return { ...bar, saving, spread: [saving - Number(bar.low_usd), Number(bar.high_usd) - saving] };
  });
  // From zero: a bar that begins elsewhere shows a small difference as a large one.
  const ticks = roundTicks(chart.bars.flatMap((bar) => [bar.savings_usd, bar.low_usd, bar.high_usd].map(Number)));
  const table = {
    columns: ["Change", "Saving", "Low", "High", "Verdict"],
    rows: chart.bars.map((bar) => [bar.label, formatMoney(bar.savings_usd), formatMoney(bar.low_usd), formatMoney(bar.high_usd), bar.verdict.replace("_", " ")]),
  };
  return (
    <ChartFrame title={chart.title} caption={chart.caption} table={table} source={source} runId={runId} wide={wide}>
      <ResponsiveContainer width="100%" height={rows.length * 38 + 34}>
        <BarChart data={rows} layout="vertical" margin={{ top: 0, right: 20, bottom: 0, left: 0 }} maxBarSize={18}>
          <CartesianGrid horizontal={false} {...GRID} />
          <XAxis type="number" domain={[ticks[0]!, ticks.at(-1)!]} ticks={ticks} interval="preserveStartEnd" tickFormatter={axisMoney} {...AXIS} />
          <YAxis type="category" dataKey="label" width={labelWidth(rows.map((row) => row.label))} tickFormatter={(label: string) => shorten(label, 46)} {...AXIS} stroke="var(--ink-2)" />
          <Tooltip
            isAnimationActive={false}
            cursor={{ fill: "var(--hover)" }}
            content={({ active, payload }) => {
              const row = payload?.[0]?.payload as (typeof rows)[number] | undefined;
              if (!active || !row) return null;
              return (
                <Tip
                  title={row.label}
                  lines={[
                    { name: row.verdict.replace("_", " "), value: formatMoney(row.savings_usd), colour: VERDICT_COLOUR[row.verdict] },
                    { name: "95 % interval", value: `${formatMoney(row.low_usd)} to ${formatMoney(row.high_usd)}` },
                  ]}
                />
              );
            }}
          />
          <ReferenceLine x={0} stroke="var(--ink-3)" />
          <Bar dataKey="saving" radius={3} isAnimationActive={false}>
            {rows.map((row, index) => <Cell key={index} fill={VERDICT_COLOUR[row.verdict]} fillOpacity={0.75} />)}
            <ErrorBar dataKey="spread" direction="x" width={5} strokeWidth={1.5} stroke="var(--ink)" isAnimationActive={false} />
          </Bar>
        </BarChart>
      </ResponsiveContainer>
    </ChartFrame>
  );
}
