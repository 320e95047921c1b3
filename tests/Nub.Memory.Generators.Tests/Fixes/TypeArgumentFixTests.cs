using Nub.Memory.CodeFixes;
using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Tests.Fixes;

/// <summary>The fixes of NUB0001.</summary>
public sealed class TypeArgumentFixTests
{
    [Fact]
    public Task The_innermost_type_parameter_of_the_name_is_marked_and_so_on_to_who_calls() => Fixing.CheckAsync<MarkTypeParameterFix>(
        """
        public sealed class Cell<
            TOther, // another
            T>(HostSharedMemory host) where T : unmanaged
        {
            public T Value => host.Read<T>(0);
            public T Again() => host.Read<T>(8);
            public static Cell<int, TNew> Other<TNew>(HostSharedMemory host) where TNew : unmanaged => new(host);
        }

        public static class Test
        {
            public static T Outer<T>(HostSharedMemory host) where T : unmanaged
            {
                return Inner<T>();
                TInner Inner<TInner>() where TInner : unmanaged => host.Read<TInner>(0);
            }
        }

        public delegate SharedView<T> Find<T>(ulong offset) where T : unmanaged;
        """,
        """
        public sealed class Cell<
            TOther, // another
            [AllValid] T>(HostSharedMemory host) where T : unmanaged
        {
            public T Value => host.Read<T>(0);
            public T Again() => host.Read<T>(8);
            public static Cell<int, TNew> Other<[AllValid] TNew>(HostSharedMemory host) where TNew : unmanaged => new(host);
        }

        public static class Test
        {
            public static T Outer<[AllValid] T>(HostSharedMemory host) where T : unmanaged
            {
                return Inner<T>();
                TInner Inner<[AllValid] TInner>() where TInner : unmanaged => host.Read<TInner>(0);
            }
        }

        public delegate SharedView<T> Find<[AllValid] T>(ulong offset) where T : unmanaged;
        """);

    [Fact]
    public Task What_is_read_with_a_check_is_marked_so() => Fixing.CheckAsync<MarkTypeParameterFix>(
        """
        public static class Test
        {
            public static bool Run<T>(HostSharedMemory host) where T : unmanaged => host.TryReadValidated(0, out T _);
        }
        """,
        """
        public static class Test
        {
            public static bool Run<[ValidateOnRead] T>(HostSharedMemory host) where T : unmanaged => host.TryReadValidated(0, out T _);
        }
        """);

    [Fact]
    public Task An_override_gets_the_mark_of_what_it_overrides() => Fixing.CheckAsync<MarkTypeParameterFix>(
        """
        public abstract class Base { public abstract void Run<[AllValid] T>() where T : unmanaged; }
        public sealed class Derived : Base { public override void Run<T>() { } }
        """,
        """
        public abstract class Base { public abstract void Run<[AllValid] T>() where T : unmanaged; }
        public sealed class Derived : Base { public override void Run<[AllValid] T>() { } }
        """);

    [Fact]
    public async Task A_type_that_is_no_type_parameter_has_nothing_to_mark() =>
        Assert.Empty(await Fixing.TitlesAsync<MarkTypeParameterFix>("public static class Test { public static bool Run(HostSharedMemory host) => host.Read<bool>(0); }"));

    [Fact]
    public Task A_validated_struct_is_read_with_its_check() => Fixing.CheckAsync<ReadValidatedFix>(
        """
        [ValidateOnRead] public partial struct Request { public bool IsUrgent; }

        public static class Test
        {
            public static bool Run(HostSharedMemory host)
            {
                using HostLease access = host.Enter();
                // The first.
                Request first = access.Read<Request>(0);
                var second = host.Read<Request>(offset: 8);
                host.Read<Request>(16);
                bool third = host.Read<Request>(24).IsUrgent && Check(host.Read<Request>(32));
                return first.IsUrgent && second.IsUrgent && third && host?.TryRead<Request>(40, out _) == true && access.TryRead(48, out first);
            }

            private static bool Check(in Request request) => request.IsUrgent;
        }
        """,
        """
        [ValidateOnRead] public partial struct Request { public bool IsUrgent; }

        public static class Test
        {
            public static bool Run(HostSharedMemory host)
            {
                using HostLease access = host.Enter();
                // The first.
                if (!access.TryReadValidated(0, out Request first))
                {
                    throw new System.IO.InvalidDataException("The shared memory does not hold a legal Request.");
                }
                if (!host.TryReadValidated<Request>(offset: 8, out var second))
                {
                    throw new System.IO.InvalidDataException("The shared memory does not hold a legal Request.");
                }
                host.TryReadValidated<Request>(16, out _);
                bool third = (host.TryReadValidated<Request>(24, out Request value4) ? value4 : throw new System.IO.InvalidDataException("The shared memory does not hold a legal Request.")).IsUrgent && Check(host.TryReadValidated<Request>(32, out Request value5) ? value5 : throw new System.IO.InvalidDataException("The shared memory does not hold a legal Request."));
                return first.IsUrgent && second.IsUrgent && third && host?.TryReadValidated<Request>(40, out _) == true && access.TryReadValidated(48, out first);
            }

            private static bool Check(in Request request) => request.IsUrgent;
        }
        """);

    [Fact]
    public Task What_is_read_takes_no_name_that_is_in_use() => Fixing.CheckAsync<ReadValidatedFix>(
        """
        [ValidateOnRead] public partial struct Request { public bool IsUrgent; }

        public static class Test
        {
            public static bool Run(HostSharedMemory host)
            {
                bool first = Check(host.Read<Request>(0));
                if (first)
                {
                    Request value = default;
                    return Check(value);
                }

                return Check(host.Read<Request>(8));
            }

            private static bool Check(in Request request) => request.IsUrgent;
        }
        """,
        """
        [ValidateOnRead] public partial struct Request { public bool IsUrgent; }

        public static class Test
        {
            public static bool Run(HostSharedMemory host)
            {
                bool first = Check(host.TryReadValidated<Request>(0, out Request value2) ? value2 : throw new System.IO.InvalidDataException("The shared memory does not hold a legal Request."));
                if (first)
                {
                    Request value = default;
                    return Check(value);
                }

                return Check(host.TryReadValidated<Request>(8, out Request value3) ? value3 : throw new System.IO.InvalidDataException("The shared memory does not hold a legal Request."));
            }

            private static bool Check(in Request request) => request.IsUrgent;
        }
        """);

    [Fact]
    public Task Statements_of_a_program_get_different_names() => Fixing.CheckAsync<ReadValidatedFix>(
        """
        using HostSharedMemory host = new ExclusiveSharedMemory(4096).Build().Host;
        Console.WriteLine(host.Read<Request>(0));
        Console.WriteLine(host.Read<Request>(8));
        [ValidateOnRead] public partial struct Request { public bool IsUrgent; }
        """,
        """
        using HostSharedMemory host = new ExclusiveSharedMemory(4096).Build().Host;
        Console.WriteLine(host.TryReadValidated<Request>(0, out Request value) ? value : throw new System.IO.InvalidDataException("The shared memory does not hold a legal Request."));
        Console.WriteLine(host.TryReadValidated<Request>(8, out Request value2) ? value2 : throw new System.IO.InvalidDataException("The shared memory does not hold a legal Request."));
        [ValidateOnRead] public partial struct Request { public bool IsUrgent; }
        """);

    [Theory]
    [InlineData("_ = holder?.Host.Read<Request>(0);")]
    [InlineData("_ = holder?.Hosts[0].Read<Request>(0);")]
    [InlineData("_ = holder?.Host!.Read<Request>(0);")]
    public async Task What_is_called_behind_a_question_mark_is_left_to_a_person(string statement) =>
        Assert.Empty(await Fixing.TitlesAsync<ReadValidatedFix>($$"""
            [ValidateOnRead] public partial struct Request { public bool IsUrgent; }
            public sealed class Holder(HostSharedMemory host) { public HostSharedMemory Host => host; public HostSharedMemory[] Hosts => [host]; }
            public static class Test { public static void Run(Holder? holder) { {{statement}} } }
            """));
}
