import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const server = process.env.NETRA_URL ?? "http://127.0.0.1:8000";

export default defineConfig({
  plugins: [react()],
  base: "/",
  build: {
    outDir: process.env.NETRA_PAGE_OUT ?? "../src/netra/page",
    emptyOutDir: true,
    target: "es2022",
    cssTarget: ["chrome123", "firefox121", "safari17.5"],
    // Data URIs would need a wider policy than 'self' for fonts and scripts.
    assetsInlineLimit: 0,
    // The polyfill is an inline script, which the page's policy refuses.
    modulePreload: { polyfill: false },
    sourcemap: false,
    reportCompressedSize: false,
  },
  server: {
    proxy: {
      "/v1": server,
      "/ws": { target: server, ws: true },
    },
  },
  test: {
    environment: "happy-dom",
    include: ["src/**/*.test.{ts,tsx}"],
    restoreMocks: true,
    unstubGlobals: true,
  },
});
