namespace GuestCall.Tests;

public class LatencyHistogramTests
{
    [Fact]
    public void An_empty_one_has_no_ranges_and_no_numbers()
    {
        var empty = new LatencyHistogram();

        Assert.Empty(empty.Ranges);
        Assert.Equal((0L, TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero, 0L), (empty.Count, empty.Least, empty.Mean, empty.Greatest, empty.PercentileBelow(0.5)));
    }

    [Fact]
    public void Latencies_fall_into_ranges_that_double()
    {
        var histogram = new LatencyHistogram();
        foreach (double microseconds in (double[])[0.5, 1, 1.9, 2, 3, 17])
        {
            histogram.Add(TimeSpan.FromMicroseconds(microseconds));
        }

        Assert.Equal(
            [new(0, 1, 1), new(1, 2, 2), new(2, 4, 2), new(4, 8, 0), new(8, 16, 0), new(16, 32, 1)],
            histogram.Ranges);
        Assert.Equal(TimeSpan.FromMicroseconds(0.5), histogram.Least);
        Assert.Equal(TimeSpan.FromMicroseconds(17), histogram.Greatest);
        Assert.Equal(2, histogram.PercentileBelow(0.5));
        Assert.Equal(32, histogram.PercentileBelow(1));
    }
}
