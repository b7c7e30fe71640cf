import { cleanup, fireEvent, screen, waitFor } from "@testing-library/react";
import { afterEach, describe, expect, it, vi } from "vitest";
import { ImportHistory } from "../parts/imports/ImportHistory";
import { createApp } from "../state/app";
import { renderWith, reply, scriptNetwork, signedIn } from "../testing/app";
import { ImportPage } from "./ImportPage";

const QUALITY = {
  rows: 60,
  since: "2026-10-01T00:00:00Z",
  until: "2026-10-02T00:00:00Z",
  findings: [{ code: "negative", severity: "rejected", rows: 45, column: "input_tokens", first_line: 2, message: "input_tokens is negative ('-5')", example: null, hint: "Correct them, or use --map." }],
  filled: { ts: 100 },
  levers: [],
  unpriced_models: {},
};

const record = (id: string, changes: object = {}) => ({
  id, name: `${id}.jsonl`, format: "calls", options: { set: { provider: "openai" } }, status: "completed", bytes: 2000,
  read: 105, stored: 60, duplicates: 0, rejected: 45, ignored: 0, unpriced: 0, error: null,
  started_at: "2026-11-21T15:49:00Z", finished_at: "2026-11-21T15:50:00Z", quality: QUALITY, ...changes,
});

const REJECTS = Array.from({ length: 45 }, (_, at) => `${JSON.stringify({ line: at + 2, code: "negative", reason: `reason ${at}`, column: "input_tokens" })}\n`).join("");

async function signedInApp() {
  const app = createApp();
  await app.session.restore();
  return app;
}

afterEach(() => {
  cleanup();
  localStorage.clear();
  vi.unstubAllGlobals();
});

describe("imports", () => {
  it("are listed with how good their data is, older ones on demand", async () => {
    let page = 0;
    const pages = [
      { items: [record("imp_2"), record("imp_3", { status: "failed", read: 0, stored: 0, rejected: 0, error: { message: "The file is binary." } })], next_cursor: "c" },
      { items: [record("imp_1", { quality: { ...QUALITY, findings: [] }, rejected: 0 })], next_cursor: null },
    ];
    scriptNetwork({ ...signedIn, "GET /v1/imports": () => reply(pages[page++]) }, vi.stubGlobal);
    renderWith(<ImportHistory version={0} onChanged={() => undefined} />, await signedInApp());
    expect((await screen.findByRole("link", { name: "Data quality of imp_2.jsonl" })).textContent).toBe("1 to check");
    expect(screen.getByRole("link", { name: "Data quality of imp_3.jsonl" }).textContent).toBe("report");
    expect(screen.getByText("The file is binary.")).toBeTruthy();
    fireEvent.click(screen.getByRole("button", { name: "Older imports" }));
    expect((await screen.findByRole("link", { name: "Data quality of imp_1.jsonl" })).textContent).toBe("nothing odd");
    expect(screen.queryByRole("button", { name: "Older imports" })).toBeNull();
  });

  it("have a page with the data-quality report and the rejected rows, a page at a time", async () => {
    scriptNetwork(
      { ...signedIn, "GET /v1/imports/imp_2": () => reply(record("imp_2")), "GET /v1/imports/imp_2/rejects": () => new Response(REJECTS) },
      vi.stubGlobal,
    );
    renderWith(<ImportPage importId="imp_2" />, await signedInApp());
    expect(await screen.findByText("1 to 20 of 45 rejected rows")).toBeTruthy();
    expect(screen.getByText("set provider=openai")).toBeTruthy();
    expect(screen.getByText("--map").tagName).toBe("CODE");
    fireEvent.click(screen.getByRole("button", { name: "Next" }));
    expect(await screen.findByText("21 to 40 of 45 rejected rows")).toBeTruthy();
    fireEvent.click(screen.getByRole("button", { name: "Next" }));
    await waitFor(() => expect(screen.getByText("41 to 45 of 45 rejected rows")).toBeTruthy());
    expect(screen.getByRole("button", { name: "Next" })).toHaveProperty("disabled", true);
    expect(screen.getByText("reason 44")).toBeTruthy();
  });

  it("of another workspace are told apart from a failure", async () => {
    scriptNetwork(signedIn, vi.stubGlobal);
    renderWith(<ImportPage importId="imp_9" />, await signedInApp());
    expect(await screen.findByText("This import is not here")).toBeTruthy();
  });
});
