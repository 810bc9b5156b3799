"""What reading can judge of factor XII: admin tasks run as one-off processes."""

from twelve.factors.admin.check.byhand import committed, repl
from twelve.factors.admin.check.tasks import (
    not_over_http,
    one_off,
    same_release,
    ships,
)
from twelve.picture.rule import Example, Rule

RULES = (
    Rule(
        "XII-1", "M", "Admin tasks are one-off processes, not part of the long-running ones", "admin-processes", "high", one_off,
        doubt="a command in a branch of a script, one that production may not run (see [the severities](../reference/check.md#high-and-medium)), and a function that no framework calls at the start by its name",
        found=(
            Example({"src/app.module.ts": "import { TypeOrmModule } from '@nestjs/typeorm'\nTypeOrmModule.forRootAsync({ useFactory: async () => ({ type: 'postgres',\n  migrationsRun: true }) })\n"}, "src/app.module.ts:3"), Example({"Dockerfile": 'FROM x:1\nCMD ["sh", "e.sh"]\n', "e.sh": "python manage.py migrate\nexec gunicorn a\n"}, "e.sh:1"),
            Example({"package.json": '{"scripts": {"start": "node scripts/check.js && node server.js"}}', "scripts/check.js": "const { execSync } = require('child_process')\nexecSync('npx prisma migrate deploy')\n"}, "scripts/check.js:2"),
            Example({"start_server.sh": "npx typeorm migration:run -d dist/data.js\nnode dist/main\n"}, "start_server.sh:1"),
            Example({"Procfile": "web: ./boot.sh\n", "boot.sh": "flask deploy\nexec gunicorn a\n", "a.py": "@app.cli.command()\ndef deploy():\n    # first the tables\n\n    upgrade()\n"}, "boot.sh:1"),
            Example({"Procfile": "web: ./web.sh\n", "web.sh": "./manage.py distributed_migrate\nexec gunicorn a\n"}, "web.sh:1"),
            Example({"uwsgi.ini": "[uwsgi]\nhook-pre-app = exec:./manage.py migrate\n"}, "uwsgi.ini:2"),
            Example({"models/index.js": "const sequelize = new Sequelize(process.env.DATABASE_URL)\nsequelize.sync()\n"}, "models/index.js:2"),
            Example({"app.py": "from flask import Flask\napp = Flask(__name__)\nwith app.app_context():\n    db.create_all()\n"}, "app.py:4"),
            Example({"app.py": "from a import db\ndef create_app():\n    db.create_all()\n"}, "app.py:3", severity="high"),
            Example({"app.py": "from a import db\ndef init_db():\n    db.create_all()\ndef view(request):\n    init_db()\n"}, "app.py:3", severity="medium"),
            Example({"Procfile": "web: ./web.sh\n", "web.sh": 'if [ "$MIGRATE" = yes ]; then\n  ./manage.py migrate\nfi\nexec gunicorn a\n'}, "web.sh:2", severity="medium"),
        ),
        spared=(
            Example({"alembic/env.py": "from alembic import context\ndef run_migrations():\n    context.run_migrations()\nrun_migrations()\n"}, note="the migration tool runs it"),
            Example({"Procfile": "web: gunicorn a\nrelease: ./manage.py migrate\n"}),
            Example({"scripts/prestart.sh": "alembic upgrade head\n"}),
            Example({"entrypoint.sh": 'case "$1" in\n  web)\n    exec gunicorn a\n    ;;\n  migration)\n    exec flask db upgrade\n    ;;\nesac\n'}, note="one word of many: a process of its own"),
            Example({"package.json": '{"scripts": {"start": "node scripts/check.js && node server.js", "update": "node scripts/update.js"}}', "scripts/check.js": "// execSync('prisma migrate deploy')\nexecSync('prisma validate')\n", "scripts/update.js": "execSync('prisma migrate deploy')\n"}),
            Example({"run_jobs.sh": "python jobs/report.py\n", "jobs/report.py": "Base.metadata.create_all(engine)\n"}, note="a job that a script runs and nothing imports"),
            Example({"Procfile": "web: gunicorn a\n#release: ./manage.py migrate\n"}),
            Example({"docker-compose.yml": "services:\n  migrate:\n    build: .\n    command: python manage.py migrate\n"}),
        ),
        why="Three web processes that start together migrate three times at once.", way_out="The release phase, or `twelve run`.", calls=("create_all", "call_command", "run_migrations", "command.upgrade"), script_tokens=("runMigrations", "synchronize", "migrate.latest", "umzug", "migrator", "drizzle"),
        near=((("flask_migrate",), r"(?#here)flask_migrate\b", r"\bupgrade\b", r"^\s*(?:from|import)\b[^\n]*\bflask_migrate\b"), ((".sync(",), "(?i)(sequelize|db|models|database|connection)\\w*\\)?\\s*\\.sync\\(")),
        never="release lines, jobs, scripts that no server's command calls",

    ),
    Rule(
        "XII-2", "M", "Admin code ships with the app", "admin-processes", "low", ships,
        found=(Example({".dockerignore": "manage.py\n"}, ".dockerignore:1"),), spared=(Example({".dockerignore": ".git\n"}),),
        why="Admin code of another version works on another schema.", way_out="Ship it.", never="-",
    ),
    Rule(
        "XII-3", "M", "They run in the same release, config and isolation as the app", "admin-processes", "high", same_release,
        found=(Example({"docker-compose.yml": "services:\n  web:\n    build: .\n    command: gunicorn a\n  migration:\n    image: shop/shop:latest\n    command: python manage.py migrate\n"}, "docker-compose.yml:6"),),
        spared=(Example({"docker-compose.yml": "services:\n  web:\n    build: .\n    command: gunicorn a\n  migration:\n    build: .\n    command: python manage.py migrate\n"}),),
        why="A migration of another release fits another schema.", way_out="One image.", never="-",
    ),
    Rule(
        "XII-4", "S", "A REPL is available", "admin-processes", "low", repl,
        found=(Example({"Procfile": "web: gunicorn a\nshell: python manage.py shell_plus\n", "requirements.txt": "django==6.0\n", "requirements-dev.txt": "django-extensions==4.1\n"}, "Procfile:2"),),
        spared=(
            Example({"manage.py": ""}),
            Example({"Procfile": "shell: python manage.py shell\n", "requirements.txt": "django==6.0\n", "requirements-dev.txt": "django-extensions==4.1\n"}),
            Example({"Procfile": "shell: python manage.py shell_plus\n", "requirements.txt": "django-extensions==4.1\n"}),
            Example({"compose.dev.yml": "services:\n  shell:\n    build: .\n    command: ipython\n", "requirements-dev.txt": "ipython==9.0\n"}),
        ),
        why="Sometimes one must look.", way_out="`twelve run -- bash`.", never="images without a shell; the shell of development", prover=True,
    ),
    Rule(
        "XII-5", "S", "One-time scripts are committed", "admin-processes", "info", committed,
        found=(
            Example({".gitignore": "*.pyc\n/scripts/\n"}, ".gitignore:2"),
            Example({"README.md": "Then correct the prices:\n\n```sql\nUPDATE price SET amount = 5;\n```\n"}, "README.md:4"),
        ),
        spared=(
            Example({"scripts/fix.py": ""}),
            Example({".gitignore": "*.pyc\nnode_modules/\n"}),
            Example({"README.md": "```sql\nSELECT * FROM price;\n```\n"}),
            Example({"README.md": "```sql\nCREATE DATABASE shop;\n```\n"}),
        ),
        why="What was run once is asked for again.", way_out="Commit it.", never="queries, and the making of a database", prover=True,
    ),
    Rule(
        "XII-7", "X", "No maintenance over public HTTP", "later texts", "low", not_over_http,
        found=(Example({"urls.py": "urlpatterns = [path('admin/migrate/', v)]\n"}, "urls.py:1"),), spared=(Example({"urls.py": "urlpatterns = [path('shop/', v)]\n"}),),
        why="Whoever finds the route can use it.", way_out="A one-off.", tokens=(),
        near=((("migrate", "reset", "restore", "drop", "reindex", "purge", "flush"), '(path|route|get|post|url|add_url_rule|re_path)\\(\\s*[rf]?[\\"\'][^\\"\']*(migrate|reset|restore|drop|reindex|purge|flush)'),),
        never="routes of tests",
    ),
)  # fmt: skip
