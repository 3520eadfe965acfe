import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const api = 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [react()],
  // Workers of the editor load further chunks, which only module workers can.
  worker: { format: 'es' },
  build: {
    // The editor is one chunk of about 3 MB, served from the same machine.
    chunkSizeWarningLimit: 4096,
    rolldownOptions: {
      onLog(level, log, handle) {
        // Directives for the React compiler, which has already run on those packages.
        if (log.code !== 'MODULE_LEVEL_DIRECTIVE') {
          handle(level, log);
        }
      },
    },
  },
  server: {
    proxy: {
      '/graphql/ws': { target: api, ws: true },
      '/graphql': api,
      '/playground.json': api,
    },
  },
});
