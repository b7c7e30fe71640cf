import type { Role } from "../api/members";
import { useApp } from "./app";
import { useStore } from "./store";

/** What each role may do, in the words of the page; the server decides. */
export const ROLE_WORDS: Record<Role, string> = {
  owner: "everything, other owners included",
  admin: "members, keys and prices, and all an analyst may",
  analyst: "imports, the gateway and reports, and all a viewer may",
  viewer: "asks and reads",
};

/** Roles the given one may hand out: only owners make owners and admins. */
export const grantedBy = (role: Role): Role[] =>
  role === "owner" ? ["viewer", "analyst", "admin", "owner"] : role === "admin" ? ["viewer", "analyst"] : [];

/** The signed-in person's role in the workspace on screen. */
export function useRole(): Role {
  const { session } = useApp();
  const state = useStore(session.state);
  if (state.kind !== "signed-in") return "viewer";
  return state.workspaces.find((workspace) => workspace.id === state.workspaceId)?.role ?? "viewer";
}

export const mayImport = (role: Role): boolean => role !== "viewer";
export const mayUndo = (role: Role): boolean => role !== "viewer";
export const mayManage = (role: Role): boolean => role === "owner" || role === "admin";
