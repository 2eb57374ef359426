"""The measures: each module measures one part of the report."""
