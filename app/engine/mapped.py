"""The graph of all that an application's models know, so that those of a second Base or database are not forgotten."""

from collections.abc import Collection, Iterator, Mapping

from sqlalchemy import MetaData, Table

# SQLAlchemy has no public list of them; what `configure_mappers` goes through has every Base, of any style.
from sqlalchemy.orm.mapper import _all_registries

from app.engine.findings import Finding, RegisterError
from app.engine.graph import Graph, build_graph
from app.engine.register import KEY


def read_models(metadatas: Mapping[str | None, MetaData]) -> Graph:
    """`metadatas`: those of Flask-SQLAlchemy, the people's under None and the others under their bind keys.

    Raises RegisterError.
    """
    findings = list(_find_strays(metadatas.values()))
    if findings:
        raise RegisterError(findings)
    return build_graph(metadatas[None], {name: each for name, each in metadatas.items() if name is not None})


def _find_strays(known: Collection[MetaData]) -> Iterator[Finding]:
    """Models whose tables stand in a MetaData that nobody has given us."""
    models = {table: mapper.class_ for each in _all_registries() for mapper in each.mappers for table in mapper.tables}
    strays = [table for table in models if isinstance(table, Table) and _is_stray(table.metadata, known)]
    for table in sorted(strays, key=lambda table: table.fullname):
        model = models[table]
        problem = f"the model {model.__module__}.{model.__qualname__} stands in a MetaData that is not read"
        fix = 'give its Base metadata = db.metadata; or, of another database, db.metadatas["name"] = that MetaData'
        yield Finding(table.fullname, problem, fix)


def _is_stray(metadata: MetaData, known: Collection[MetaData]) -> bool:
    """Satchel's own tables are in no other application's database."""
    return metadata.info.get(KEY) != "own" and not any(metadata is each for each in known)
