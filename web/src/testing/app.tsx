import { render } from "@testing-library/react";
import type { ReactNode } from "react";
import { AppContext, createApp, type App } from "../state/app";

/** Renders parts inside a page whose network is a table of answers by method and path. */
export type Answers = Record<string, (init: RequestInit) => Response>;

export const reply = (body: unknown, status = 200): Response =>
  new Response(status === 204 ? null : JSON.stringify(body), { status, headers: { "content-type": "application/json" } });

export const signedIn: Answers = {
  "POST /v1/auth/refresh": () => reply({ user: USER, access_token: "token", expires_in: 600 }),
  "GET /v1/me": () => reply({ user: USER, workspaces: [{ id: "wsp_1", name: "default", role: "owner" }, { id: "wsp_2", name: "Research", role: "viewer" }] }),
};

const USER = { id: "usr_1", email: "ada@example.org", name: "Ada" };

export interface Call {
  request: string;
  body: unknown;
  headers: Record<string, string>;
}

export function scriptNetwork(answers: Answers, stub: (name: string, value: unknown) => void): Call[] {
  const calls: Call[] = [];
  stub("fetch", (path: string, init: RequestInit = {}) => {
    const request = `${init.method ?? "GET"} ${path.split("?")[0]!}`;
    const body = typeof init.body === "string" ? (JSON.parse(init.body) as unknown) : undefined;
    calls.push({ request, body, headers: init.headers as Record<string, string> });
    const answer = answers[request];
    return Promise.resolve(answer ? answer(init) : reply({ title: "Not found", status: 404, code: "not_found" }, 404));
  });
  return calls;
}

export function renderWith(node: ReactNode, app: App = createApp()): App {
  render(<AppContext value={app}>{node}</AppContext>);
  return app;
}
