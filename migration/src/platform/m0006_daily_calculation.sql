-- The daily portfolio calculation has figures computed too, after the values that it computed before. The program's list brings this to
-- schedules that nobody has changed; those that somebody has keep their time, and what they ask for is this.
UPDATE schedule SET kind = 'performance_metrics'
WHERE is_standing AND kind = 'daily_facts' AND name = 'Daily portfolio calculation';
