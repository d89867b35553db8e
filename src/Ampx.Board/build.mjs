// Bundles the board into dist/: hashed assets, each also as brotli, and index.html that names them.
import { context } from 'esbuild';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';

const dist = 'dist';

const finish = {
  name: 'finish',
  setup: build => build.onEnd(async ({ errors, outputFiles, metafile }) => {
    if (errors.length > 0) return;
    const entries = Object.entries(metafile.outputs).filter(([, output]) => output.entryPoint === 'src/main.tsx');
    const [script, output] = entries[0];
    const head = `<link rel="stylesheet" href="/assets/${basename(output.cssBundle)}">\n  <script type="module" src="/assets/${basename(script)}"></script>`;
    const page = (await readFile('src/index.html', 'utf8')).replace('<!-- assets -->', head);
    await rm(dist, { recursive: true, force: true });
    await mkdir(dist, { recursive: true });
    for (const file of outputFiles) {
      await writeFile(`${dist}/${basename(file.path)}`, file.contents);
      await writeFile(`${dist}/${basename(file.path)}.br`, brotliCompressSync(file.contents));
      console.log(`${basename(file.path)}  ${file.contents.length} B, gzip ${gzipSync(file.contents).length} B`);
    }

    // Last: whoever finds it knows that the rest is there.
    await writeFile(`${dist}/index.html`, page);
  }),
};

const bundle = await context({
  entryPoints: ['src/main.tsx'],
  outdir: dist,
  entryNames: '[name]-[hash]',
  chunkNames: '[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  target: ['es2022', 'chrome111', 'firefox113', 'safari16.4'],
  minify: true,
  metafile: true,
  write: false,
  jsx: 'automatic',
  jsxImportSource: 'preact',
  logLevel: 'warning',
  plugins: [finish],
});

if (process.argv.includes('--watch')) {
  await bundle.watch();
} else {
  await bundle.rebuild();
  await bundle.dispose();
}
