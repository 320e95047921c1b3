using Nub.Virtio;
using VirtioBlock;

namespace Nub.Kvm.Tests;

public sealed class VirtioBlockTests
{
    [SkippableFact]
    public void The_sample_verifies_its_requests_and_refuses_its_attacks()
    {
        Guest.SkipWithoutKvm();
        using var log = new StringWriter();
        Outcome outcome = Session.Run(100, log);
        Assert.Equal(new Outcome(100, Attack.All.Count, 2000), outcome);
        Assert.InRange(Attack.All.Count, 20, 100);

        // Attacks of all kinds: the rules of the queue, of its set-up, and of requests.
        Assert.InRange(Attack.All.Select(attack => attack.Expected).Distinct().Count(), 12, Enum.GetValues<VirtQueueError>().Length);
    }
}
