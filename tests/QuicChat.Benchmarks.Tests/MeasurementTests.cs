using System.Text.Json;

namespace QuicChat.Benchmarks.Tests;

/// <summary>What is made of the figures of all pairs.</summary>
public sealed class MeasurementTests
{
    [Theory]
    [InlineData(0.25, 2)]
    [InlineData(0.5, 3)]
    [InlineData(0.75, 4)]
    public void The_quartiles_of_five_are_three_of_them_in_any_order(double quantile, double expected)
        => Assert.Equal(expected, Measurement.Quantile([5, 1, 4, 2, 3], quantile));

    [Fact]
    public void A_quantile_between_two_figures_lies_between_them()
    {
        Assert.Equal(1.75, Measurement.Quantile([4, 1, 3, 2], 0.25));
        Assert.Equal(2.5, Measurement.Quantile([1, 2, 3, 4], 0.5));
        Assert.Equal(7, Measurement.Quantile([7], 0.75));
    }

    [Fact]
    public void A_ratio_is_of_one_pair_and_not_of_the_medians()
    {
        var measurement = new Measurement("m", "", [1, 20, 3], [1, 10, 2]);

        Assert.Equal([1, 2, 1.5], measurement.Ratios);
        Assert.Equal(measurement.Ratios, measurement.Judged);
    }

    [Fact]
    public void The_least_is_met_by_the_lower_quartile()
    {
        Assert.True(Of(Budget.AtLeast(2), 1, 2, 3, 4, 5).Met);
        Assert.False(Of(Budget.AtLeast(2.1), 1, 2, 3, 4, 5).Met);
    }

    [Fact]
    public void The_most_is_met_by_the_upper_quartile()
    {
        Assert.True(Of(Budget.AtMost(4), 1, 2, 3, 4, 5).Met);
        Assert.False(Of(Budget.AtMost(3.9), 1, 2, 3, 4, 5).Met);
    }

    [Fact]
    public void A_budget_of_the_ratio_judges_the_ratios()
    {
        double[] peer = [1, 1, 1, 1, 1];
        Assert.True(new Measurement("m", "", [1, 2, 3, 4, 5], peer, Budget.RatioAtLeast(2)).Met);
        Assert.False(new Measurement("m", "", [1, 2, 3, 4, 5], [2, 2, 2, 2, 2], Budget.RatioAtLeast(2)).Met);
    }

    [Fact]
    public void A_budget_of_ours_judges_ours_although_there_is_a_peer()
    {
        var measurement = new Measurement("m", "", [1, 2, 3, 4, 5], [1, 1, 1, 1, 1], Budget.AtLeast(2));

        Assert.True(measurement.Met);
        Assert.Equal([1, 2, 3, 4, 5], measurement.Judged);
    }

    [Fact]
    public void Nothing_is_judged_by_fewer_than_five_pairs_nor_by_a_look_nor_without_the_peer()
    {
        Assert.Null(Of(Budget.AtLeast(1), 1, 2, 3, 4).Met);
        Assert.Null((Of(Budget.AtLeast(1), 1, 2, 3, 4, 5) with { IsLook = true }).Met);
        Assert.Null(Of(Budget.RatioAtLeast(1), 1, 2, 3, 4, 5).Met);
        Assert.Null(Of(null, 1, 2, 3, 4, 5).Met);
    }

    [Fact]
    public void What_must_never_be_is_judged_by_every_pair()
    {
        Assert.True(Of(Budget.NeverAbove(0), 0, 0, 0, 0, 0).Met);
        Assert.False(Of(Budget.NeverAbove(0), 0, 0, 0, 0, 1).Met);
        Assert.True(Of(Budget.AtMost(0), 0, 0, 0, 0, 1).Met);
    }

    [Fact]
    public void A_figure_that_is_none_meets_no_budget()
    {
        double[] ours = [1, 1, 1, 1, double.NaN];
        Assert.False(Of(Budget.AtLeast(0), ours).Met);
        Assert.False(Of(Budget.AtMost(2), ours).Met);
        Assert.False(Of(Budget.NeverAbove(2), ours).Met);
        Assert.False(Of(Budget.AtLeast(0), 1, 1, 1, 1, double.PositiveInfinity).Met);
        Assert.False(Of(Budget.AtMost(2), 1, 1, 1, 1, double.NegativeInfinity).Met);
        Assert.False(new Measurement("m", "", [0, 0, 0, 0, 0], [0, 0, 0, 0, 0], Budget.RatioAtMost(1)).Met);
    }

    [Fact]
    public void What_is_infinite_is_written_as_null()
    {
        var json = JsonSerializer.SerializeToElement(
            MeasurementText.ToValue(new Measurement("m", "ms", [1, 2], [0, 1], Budget.RatioAtMost(1))), JsonSerializerOptions.Web);

        Assert.Equal("[null,2]", json.GetProperty("ratioAll").GetRawText());
        Assert.Equal("[1,2]", json.GetProperty("oursAll").GetRawText());
        Assert.Equal(1.5, json.GetProperty("ours").GetDouble());
    }

    [Theory]
    [InlineData(false, false, "≤ 0.05")]
    [InlineData(true, false, "≥ 0.05")]
    [InlineData(false, true, "≤ 0.05 ×")]
    [InlineData(true, true, "≥ 0.05 ×")]
    public void A_budget_reads_as_one_writes_it(bool isLeast, bool isOfRatio, string expected)
        => Assert.Equal(expected, new Budget(0.05, isLeast, isOfRatio).ToString());

    [Fact]
    public void Budgets_are_what_their_names_say()
    {
        Assert.Equal(new Budget(1, IsLeast: true, IsOfRatio: true), Budget.RatioAtLeast(1));
        Assert.Equal(new Budget(1, IsLeast: false, IsOfRatio: true), Budget.RatioAtMost(1));
        Assert.Equal(new Budget(1, IsLeast: true, IsOfRatio: false), Budget.AtLeast(1));
        Assert.Equal(new Budget(1, IsLeast: false, IsOfRatio: false), Budget.AtMost(1));
        Assert.Equal(new Budget(1, IsLeast: false, IsOfRatio: false, IsOfEach: true), Budget.NeverAbove(1));
        Assert.Equal("≤ 0, always", Budget.NeverAbove(0).ToString());
    }

    private static Measurement Of(Budget? budget, params double[] ours) => new("m", "", ours, [], budget);
}
