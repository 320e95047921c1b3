using Nub.Kvm;

namespace Nub.Memory.WindowsRunner;

public class KvmTests
{
    [Fact]
    public void Kvm_says_in_one_line_that_it_is_not_for_windows()
    {
        Assert.False(KvmSystem.IsSupported(out string whyNot));
        Assert.StartsWith("KVM is a part of Linux, and this is ", whyNot, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', whyNot);
        Assert.Equal(whyNot, Assert.Throws<PlatformNotSupportedException>(() => new KvmSystem()).Message);
    }
}
