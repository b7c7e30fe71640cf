import { cleanup, fireEvent, screen } from "@testing-library/react";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createApp } from "../state/app";
import { renderWith, reply, scriptNetwork, signedIn } from "../testing/app";
import { CallsBehind } from "./CallsBehind";

const call = (id: string, changes: object = {}) => ({
  call_id: id, ts: "2026-10-05T14:05:06+02:00", model: "gpt-4o", status: "ok", input_tokens: 12_345, output_tokens: 67,
  latency_ms: 1470, cost_usd: "0.0315", ...changes,
});
const page = (items: object[], next: string | null) => ({ items, next_cursor: next, calls: 3, cost_usd: "1.5", unpriced_calls: 1, timezone: "Europe/Berlin" });
const COST = {
  explanation: "The parts add up.", stored_usd: "0.0315", difference_usd: "0",
  working: { cost_usd: "0.0315", parts: [{ usage: "cache_read", tokens: 12_000, usd_per_mtok: "1.25", cost_usd: "0.015" }] },
};
const QUERY = { measures: ["cost_usd"], dimensions: ["model"], since: "2026-10-01T00:00:00Z", filters: [{ column: "app", value: "a" }], limit: 7 };

async function shown(query: unknown, pages: object[], answers: object = {}) {
  const sent = scriptNetwork({ ...signedIn, "POST /v1/usage/calls": () => reply(pages.shift()), ...answers }, vi.stubGlobal);
  const app = createApp();
  await app.session.restore();
  renderWith(<CallsBehind query={query} />, app);
  return sent;
}

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

describe("the calls behind a figure", () => {
  it("are listed on demand, a page at a time, with what all come to and the working of a cost", async () => {
    const pages = [page([call("a/1"), call("b", { status: "rate_limited", cost_usd: null, latency_ms: null })], "c"), page([call("d")], null), page([call("e")], null)];
    const sent = await shown(QUERY, pages, { "GET /v1/usage/calls/a%2F1": () => reply({ cost: COST }) });
    expect(sent.some((one) => one.request === "POST /v1/usage/calls")).toBe(false);
    fireEvent.click(screen.getByRole("button", { name: "Show the calls" }));
    expect(screen.getByRole("status", { name: "Loading the calls" })).toBeTruthy();
    await screen.findByRole("table");
    expect(document.body.textContent).toContain("2 of 3 calls, $1.50 in all; times in Europe/Berlin; 1 without a known price");
    expect(document.body.textContent).toContain("the calls of all of them");
    expect(document.body.textContent).toContain("rate limited");
    fireEvent.click(screen.getByRole("button", { name: "Cost of a/1" }));
    expect((await screen.findByText(/The parts add up/)).textContent).toContain("$0.0315");
    expect(document.body.textContent).toContain("cache read: 12,000 × $1.25 per million = $0.015");
    fireEvent.click(screen.getByRole("button", { name: "More calls" }));
    await screen.findByRole("button", { name: "Cost of d" });
    expect(screen.queryByRole("button", { name: "More calls" })).toBeNull();
    fireEvent.change(screen.getByRole("combobox"), { target: { value: "-latency_ms" } });
    await screen.findByRole("button", { name: "Cost of e" });
    const bodies = sent.filter((one) => one.request === "POST /v1/usage/calls").map((one) => one.body);
    const scope = { since: QUERY.since, filters: QUERY.filters, limit: 10 };
    expect(bodies).toEqual([{ ...scope, order_by: "-cost_usd" }, { ...scope, order_by: "-cost_usd", cursor: "c" }, { ...scope, order_by: "-latency_ms" }]);
  });

  it("say when there are none, and are not offered for a figure that no typed query made", async () => {
    await shown({ measures: ["calls"] }, [{ ...page([], null), calls: 0, cost_usd: null }]);
    fireEvent.click(screen.getByRole("button", { name: "Show the calls" }));
    expect(await screen.findByText(/No stored call fits/)).toBeTruthy();
    cleanup();
    await shown({ lever: "batch" }, []);
    expect(screen.queryByRole("button")).toBeNull();
  });
});
