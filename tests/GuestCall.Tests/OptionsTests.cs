using System.CommandLine;

namespace GuestCall.Tests;

public class OptionsTests
{
    [Fact]
    public void Without_a_wish_there_are_many_calls_on_the_best_backend()
    {
        Options options = Accept();

        Assert.Equal(Backend.Auto, options.Backend);
        Assert.True(options.Calls >= 1000);
    }

    [Fact]
    public void Wishes_are_taken()
    {
        Assert.Equal(new Options(Backend.Thread, 7), Accept("--backend", "thread", "--calls", "7"));
        Assert.Equal(new Options(Backend.Kvm, 2000), Accept("--calls=2,000", "--backend=kvm"));
    }

    [Theory]
    [InlineData("--calls", "0")]
    [InlineData("--calls", "-1")]
    [InlineData("--calls", "many")]
    [InlineData("--calls", "99999999999")]
    [InlineData("--calls")]
    [InlineData("--backend", "xen")]
    [InlineData("--backend", "KVM")]
    [InlineData("--backend")]
    [InlineData("--bogus")]
    [InlineData("--calls", "1", "--calls", "2")]
    public void An_impossible_wish_is_one_line(params string[] args)
    {
        ParseResult parsed = Options.Describe(_ => 0).Parse(args);

        string message = Assert.Single(parsed.Errors).Message;
        Assert.DoesNotContain('\n', message);
        Assert.Contains(args[0], message, StringComparison.Ordinal);
    }

    private static Options Accept(params string[] args)
    {
        Options? taken = null;
        ParseResult parsed = Options.Describe(options =>
        {
            taken = options;
            return 42;
        }).Parse(args);
        Assert.Empty(parsed.Errors);
        Assert.Equal(42, parsed.Invoke());
        return taken!;
    }
}
