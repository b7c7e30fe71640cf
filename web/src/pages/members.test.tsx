import { cleanup, fireEvent, screen, waitFor } from "@testing-library/react";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createApp } from "../state/app";
import { renderWith, reply, scriptNetwork, signedIn } from "../testing/app";
import { JoinPage, MembersPage } from "./MembersPage";

const ADA = { user: { id: "usr_1", email: "ada@example.org", name: "Ada" }, role: "owner" };
const BEN = { user: { id: "usr_2", email: "ben@example.org", name: "" }, role: "viewer" };
const invitation = { id: "inv_1", email: "cid@example.org", role: "analyst", expires_at: "2026-12-05T00:00:00Z" };

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

describe("members", () => {
  it("an owner invites and gets a link that carries the code behind the #", async () => {
    scriptNetwork(
      {
        ...signedIn,
        "GET /v1/workspaces/wsp_1/members": () => reply({ items: [ADA, BEN], next_cursor: null }),
        "GET /v1/workspaces/wsp_1/invitations": () => reply({ items: [invitation], next_cursor: null }),
        "POST /v1/workspaces/wsp_1/members": () => reply({ ...invitation, token: "ninv_secret" }, 201),
      },
      vi.stubGlobal,
    );
    renderWith(<MembersPage />, await signedInApp());
    fireEvent.change(await screen.findByLabelText("Email"), { target: { value: "cid@example.org" } });
    fireEvent.click(screen.getByRole("button", { name: "Invite" }));
    expect(await screen.findByText(/#\/join\/ninv_secret/)).toBeTruthy();
    expect(await screen.findByRole("button", { name: "Withdraw the invitation of cid@example.org" })).toBeTruthy();
    expect(screen.queryByLabelText("Role of ada@example.org")).toBeNull();
    expect(await screen.findByLabelText("Role of ben@example.org")).toBeTruthy();
  });

  it("a viewer sees who is there and is offered nothing else", async () => {
    localStorage.setItem("netra.workspace", "wsp_2");
    const calls = scriptNetwork(
      { ...signedIn, "GET /v1/workspaces/wsp_2/members": () => reply({ items: [BEN], next_cursor: null }) },
      vi.stubGlobal,
    );
    renderWith(<MembersPage />, await signedInApp());
    expect(await screen.findByText("ben@example.org")).toBeTruthy();
    expect(screen.getByText(/Your role here is viewer/)).toBeTruthy();
    expect(screen.queryByRole("button", { name: "Invite" })).toBeNull();
    expect(calls.some((call) => call.request.endsWith("/invitations"))).toBe(false);
  });

  it("a code opens the workspace it is for", async () => {
    const calls = scriptNetwork(
      { ...signedIn, "POST /v1/invitations/accept": () => reply({ id: "wsp_2", name: "Research", role: "viewer" }) },
      vi.stubGlobal,
    );
    const app = renderWith(<JoinPage code="ninv_secret" />, await signedInApp());
    fireEvent.click(screen.getByRole("button", { name: "Enter the workspace" }));
    await waitFor(() => expect(app.session.workspaceId()).toBe("wsp_2"));
    expect(calls.find((call) => call.request.endsWith("/accept"))?.body).toEqual({ token: "ninv_secret" });
  });
});
