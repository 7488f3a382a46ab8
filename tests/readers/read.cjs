// What duckdb-wasm reads in a published file: prints it as JSON. Runs in the folder where the package is installed.
const { readFileSync } = require("node:fs");
const { join } = require("node:path");
const folder = join(process.cwd(), "node_modules", "@duckdb", "duckdb-wasm", "dist");
const wasm = require(join(folder, "duckdb-node-blocking.cjs"));

async function main() {
    const bundles = { mvp: { mainModule: join(folder, "duckdb-mvp.wasm") }, eh: { mainModule: join(folder, "duckdb-eh.wasm") } };
    const database = await wasm.createDuckDB(bundles, new wasm.VoidLogger(), wasm.NODE_RUNTIME);
    await database.instantiate(() => {});
    database.registerFileBuffer("published.duckdb", new Uint8Array(readFileSync(process.argv[2])));
    database.open({ path: "published.duckdb", accessMode: wasm.DuckDBAccessMode.READ_ONLY });
    const connection = database.connect();
    const said = {};
    for (const [name, sql] of Object.entries(JSON.parse(readFileSync(0, "utf8")))) {
        const table = connection.query(sql);
        const columns = table.schema.fields.map((_, index) => table.getChildAt(index));
        said[name] = Array.from({ length: table.numRows }, (_, row) => columns.map((column) => plain(column.get(row))));
    }
    console.log(JSON.stringify({ version: database.getVersion(), said }));
}

// Counts come as BigInt, which JSON does not know.
function plain(value) {
    return typeof value === "bigint" ? Number(value) : value;
}

main();
