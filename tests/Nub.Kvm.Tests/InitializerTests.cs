namespace Nub.Kvm.Tests;

public sealed class InitializerTests
{
    [Fact]
    public void What_a_type_s_initializer_allocates_is_tried_again()
    {
        (string[] allocations, int count) = Initializers.Of(typeof(VirtualMachine).Assembly);
        Assert.Empty(allocations);
        Assert.NotEqual(0, count);
    }
}
