"""Run bots and workflows, format their events, recall slices, and process documents."""
