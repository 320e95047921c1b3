using System.Globalization;
using Nub.Kvm;
using VirtioBlock;

// A disk for a guest that is not trusted: see README.md beside this. `--requests N` sets the number of honest requests.
const int defaultRequests = 1000;
int requests = defaultRequests;
if (args is ["--requests", var number])
{
    if (!int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out requests) || requests is < 1 or > 1_000_000)
    {
        return Fail($"--requests {number}: a number from 1 to 1000000 is expected.");
    }
}
else if (args.Length > 0)
{
    return Fail($"{string.Join(' ', args)}: only --requests N is known.");
}

if (!KvmSystem.IsSupported(out string whyNot))
{
    return Fail($"this sample needs KVM. {whyNot}");
}

try
{
    Outcome outcome = Session.Run(requests, Console.Out);
    Console.WriteLine($"VirtioBlock: {outcome.Verified} requests verified, {outcome.Refused} attacks refused, {outcome.Raced} racing requests survived, backend kvm");
    return 0;
}
catch (InvalidDataException broken)
{
    return Fail(broken.Message);
}

static int Fail(string reason)
{
    Console.Error.WriteLine($"VirtioBlock: {reason}");
    return 1;
}
