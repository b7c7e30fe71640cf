import { cleanup, fireEvent, screen, waitFor, within } from "@testing-library/react";
import { afterEach, describe, expect, it, vi } from "vitest";
import { foldAll } from "../state/fold";
import { viewOfSnapshot } from "../state/thread";
import { renderWith, reply, scriptNetwork } from "../testing/app";
import { delta, figure, RUN, snapshot, wholeRun } from "../testing/events";
import { Composer } from "./Composer";
import { FigurePanel } from "./FigurePanel";
import { Menu } from "./Menu";
import { Prose } from "./Prose";
import { RunBlock } from "./RunBlock";
import { VerdictChip } from "./report/Findings";

afterEach(cleanup);

const runAfter = (count: number) => foldAll(viewOfSnapshot(snapshot()), wholeRun().slice(0, count)).turns[0]!.run;

describe("prose", () => {
  it("makes citations buttons with their value and never makes HTML, links or images", () => {
    renderWith(<Prose text={"Saves **{{f:1}}**, <b>not</b> ![x](http://e.example/x.png) [y](http://e.example)"} figures={[figure("1")]} runId={RUN} />);
    expect(screen.getByRole("button").textContent).toBe("$911.44");
    expect(document.querySelectorAll("b, img, a")).toHaveLength(0);
    expect(document.body.textContent).toContain("<b>not</b>");
  });
});

describe("a figure", () => {
  it("opens what is behind it, closes with Escape and gives the focus back", () => {
    renderWith(<><Prose text="Saves {{f:1}}" figures={[figure("1")]} runId={RUN} /><FigurePanel /></>);
    const button = screen.getByRole("button", { name: /Open what is behind it/ });
    button.focus();
    fireEvent.click(button);
    const panel = screen.getByRole("dialog");
    expect(document.activeElement).toBe(panel);
    expect(panel.textContent).toContain("48,231");
    expect(panel.textContent).toContain('"cost_usd"');
    expect(panel.textContent).toContain("SELECT 1");
    expect(within(panel).getByRole("button", { name: "Copy link" })).toBeTruthy();
    fireEvent.keyDown(window, { key: "Escape" });
    expect(screen.queryByRole("dialog")).toBeNull();
    expect(document.activeElement).toBe(button);
  });
});

describe("a run", () => {
  it("shows its timeline while it works: agents nested, the running call, a way to stop", async () => {
    const calls = scriptNetwork({ [`POST /v1/runs/${RUN}/cancel`]: () => reply({}, 202) }, (name, value) => vi.stubGlobal(name, value));
    renderWith(<RunBlock run={runAfter(6)} latest />);
    const timeline = screen.getByRole("list", { name: "What the agents did" });
    const specialist = within(timeline).getByText("Data").closest("li")!;
    expect(specialist.parentElement!.closest("li")!.textContent).toContain("Supervisor");
    expect(specialist.textContent).toContain("usage query");
    fireEvent.click(screen.getByRole("button", { name: "Stop" }));
    await waitFor(() => expect(calls.map((call) => call.request)).toEqual([`POST /v1/runs/${RUN}/cancel`]));
    expect(screen.getByRole("button", { name: "Stopping" })).toHaveProperty("disabled", true);
  });

  it("streams text with the figures its tools have computed so far", () => {
    const run = foldAll(viewOfSnapshot(snapshot()), [...wholeRun().slice(0, 9), delta(0, "It saves {{f:1}}")]).turns[0]!.run;
    renderWith(<RunBlock run={run} latest />);
    expect(document.querySelector(".answer.streaming .figure-value")!.textContent).toBe("$911.44");
  });

  it("folds its timeline at the end and opens it on demand", () => {
    renderWith(<RunBlock run={runAfter(11)} latest />);
    expect(screen.queryByRole("list", { name: "What the agents did" })).toBeNull();
    fireEvent.click(screen.getByRole("button", { name: /Done · 2 agents, 1 step/ }));
    expect(screen.getByRole("list", { name: "What the agents did" })).toBeTruthy();
    expect(screen.getByRole("link", { name: "Open the report" }).getAttribute("href")).toBe("#/reports/rep_1");
  });

  it("says insufficient data with what is missing and how to send it", () => {
    const run = { ...runAfter(11), answer: "insufficient_data" as const, missing: [{ what: "Evaluations", how: "send them: `netra import`" }] };
    renderWith(<RunBlock run={run} latest />);
    expect(screen.getByText("insufficient data")).toBeTruthy();
    expect(within(screen.getByRole("region", { name: "What is missing" })).getByText("netra import").tagName).toBe("CODE");
  });
});

describe("the ask box", () => {
  const box = () => screen.getByRole("textbox", { name: "Your question" });

  it("sends with Enter, not with Shift+Enter, and empties only when the question went", async () => {
    const sent: string[] = [];
    let works = false;
    renderWith(<Composer busy={false} placeholder="" onSend={(text) => { sent.push(text); return Promise.resolve(works); }} />);
    fireEvent.change(box(), { target: { value: " why? " } });
    fireEvent.keyDown(box(), { key: "Enter", shiftKey: true });
    expect(sent).toEqual([]);
    fireEvent.keyDown(box(), { key: "Enter" });
    await waitFor(() => expect(screen.getByRole("button", { name: "Ask" })).toHaveProperty("disabled", false));
    expect(box()).toHaveProperty("value", " why? ");
    works = true;
    fireEvent.keyDown(box(), { key: "Enter" });
    await waitFor(() => expect(box()).toHaveProperty("value", ""));
    expect(sent).toEqual(["why?", "why?"]);
  });

  it("refuses a question that the server would refuse", () => {
    renderWith(<Composer busy={false} placeholder="" onSend={() => Promise.resolve(true)} />);
    fireEvent.change(box(), { target: { value: "x".repeat(32_001) } });
    expect(screen.getByRole("button", { name: "Ask" })).toHaveProperty("disabled", true);
    expect(box().getAttribute("aria-invalid")).toBe("true");
  });
});

describe("a menu", () => {
  it("opens on its first item, moves with the arrows and closes with Escape", () => {
    renderWith(<Menu label="Actions" trigger="…" items={[{ label: "Rename", onSelect: () => undefined }, { label: "Delete", onSelect: () => undefined }]} />);
    fireEvent.click(screen.getByRole("button", { name: "Actions" }));
    const items = screen.getAllByRole("menuitem");
    expect(document.activeElement).toBe(items[0]);
    fireEvent.keyDown(items[0]!, { key: "ArrowDown" });
    expect(document.activeElement).toBe(items[1]);
    fireEvent.keyDown(items[1]!, { key: "ArrowDown" });
    expect(document.activeElement).toBe(items[0]);
    fireEvent.keyDown(items[0]!, { key: "Escape" });
    expect(screen.queryByRole("menu")).toBeNull();
    expect(document.activeElement).toBe(screen.getByRole("button", { name: "Actions" }));
  });
});

describe("verdicts", () => {
  it("are told apart by word, not by colour alone", () => {
    renderWith(<><VerdictChip verdict="recommend" /><VerdictChip verdict="refuse" /><VerdictChip verdict="insufficient_data" /></>);
    expect([...document.querySelectorAll(".chip")].map((chip) => chip.textContent)).toEqual(["recommend", "refuse", "insufficient data"]);
  });
});
