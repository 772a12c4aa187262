"""Speech of answers, and sounds as documents."""
